package gate

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// Reason is why a step waits for an allowance.
type Reason struct {
	// Why says what is wrong about the property that changes, or, where there is none, about the step as a whole.
	Why string
	// Allowance is the text that lets exactly this pass, and Allowed tells that it was given.
	Allowance string
	Allowed   bool

	difference
	// private hides the values in a report.
	private bool
	// group is the name of an allowance for several resources together. Empty for one of its own.
	group string
}

// Change is what happens to a resource.
type Change struct {
	Step
	// Name and Type are those that the resource has, behind those that it had if they differ.
	Name, Type string
	// Free are the properties that change and are free.
	Free []string
	// Reasons are why it waits for an allowance. Empty for a harmless step.
	Reasons []Reason
}

// Judgement is what the gate thinks of a plan.
type Judgement struct {
	// Failures are the errors of the preview. If there are any, there is no plan to judge.
	Failures []string
	// Creates is the stack, as PROJECT/STACK, that the plan creates as a whole. Empty for one that has resources.
	Creates string
	// Changes are all changes, those that are refused first.
	Changes []Change
	// Fault says how the gate itself failed. It refuses the plan then.
	Fault string
}

// Refused tells whether something is neither harmless nor allowed.
func (j Judgement) Refused() bool { return j.Fault != "" || len(j.Needed()) > 0 }

// Needed are the allowances that are missing.
func (j Judgement) Needed() []string {
	var needed []string
	for _, reason := range j.reasons() {
		if !reason.Allowed && !slices.Contains(needed, reason.Allowance) {
			needed = append(needed, reason.Allowance)
		}
	}
	return needed
}

// reasons are all reasons, each with its change.
func (j Judgement) reasons() iter.Seq2[*Change, *Reason] {
	return func(yield func(*Change, *Reason) bool) {
		for i := range j.Changes {
			for k := range j.Changes[i].Reasons {
				if !yield(&j.Changes[i], &j.Changes[i].Reasons[k]) {
					return
				}
			}
		}
	}
}

// Judge judges a plan. An allowance is good at one commit, which may be empty where there is none.
func Judge(plan Plan, commit string, allowances []string) Judgement {
	return judge(plan, freeList, commit, allowances)
}

func judge(plan Plan, free []freeProperty, commit string, allowances []string) (judgement Judgement) {
	// A plan that the gate stumbles over is refused like any other.
	defer func() {
		if fault := recover(); fault != nil {
			judgement = Judgement{Fault: fmt.Sprintf("%v\n%s", fault, debug.Stack())}
		}
	}()
	if len(plan.Failures) > 0 {
		return Judgement{Failures: plan.Failures}
	}
	isNew := plan.createsAll()
	if isNew {
		judgement.Creates = plan.Project + "/" + plan.Stack
	}
	for _, step := range plan.Steps {
		change := Change{Step: step}
		change.Name, change.Type = step.names()
		if !isNew || step.Operation != "create" {
			change.Reasons, change.Free = plan.judge(step, free)
		}
		if step.Operation != "same" || len(change.Reasons) > 0 || len(change.Free) > 0 {
			judgement.Changes = append(judgement.Changes, change)
		}
	}
	slices.SortStableFunc(judgement.Changes, func(a, b Change) int {
		return cmp.Or(min(len(b.Reasons), 1)-min(len(a.Reasons), 1), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	judgement.allow(commit, allowances)
	return judgement
}

// names are the name and the type of a resource, each behind the one that it had if that is another.
func (s Step) names() (name, types string) {
	now, _ := parseURN(s.URN)
	was, had := parseURN(at[string](s.Before, "urn"))
	if had && was.name != now.name {
		now.name = was.name + " → " + now.name
	}
	if had && was.types != now.types {
		now.types = was.types + " → " + now.types
	}
	return now.name, now.types
}

// isAddition tells whether a step makes a resource where there is none.
func (s Step) isAddition() bool { return s.Operation == "create" && s.Before == nil && s.After != nil }

// createsAll tells whether the stack has nothing yet but itself and its providers, and only gets new resources.
func (p Plan) createsAll() bool {
	isThere := func(step Step) bool {
		return step.Operation == "same" && (step.kind() == "pulumi:pulumi:Stack" || strings.HasPrefix(step.kind(), "pulumi:providers:"))
	}
	return slices.ContainsFunc(p.Steps, Step.isAddition) &&
		!slices.ContainsFunc(p.Steps, func(step Step) bool { return !step.isAddition() && !isThere(step) })
}

// judge finds what is not harmless about a step, and which of its changes are free.
func (p Plan) judge(step Step, free []freeProperty) (reasons []Reason, freeChanges []string) {
	switch {
	case step.isAddition():
		return []Reason{{Why: "is new" + summary(step.After), group: "additions"}}, nil
	case !slices.Contains([]string{"same", "update", "replace"}, step.Operation):
		reasons = []Reason{{Why: "is not one of the harmless operations"}}
		if step.Before == nil {
			// Nothing else tells what it brings into the stack.
			reasons[0].Why += summary(step.After)
		}
	case step.Before == nil || step.After == nil:
		reasons = []Reason{{Why: "is not shown as it is and as it will be"}}
	case step.Operation == "replace" && step.kind() != taskDefinition:
		reasons = []Reason{{Why: "is replaced; only a task definition may be"}}
	}
	if step.Before == nil || step.After == nil {
		return reasons, nil
	}
	differences := p.differences(step)
	if len(reasons) == 0 && step.Operation != "same" && len(differences) == 0 {
		reasons = []Reason{{Why: "changes, but nothing in the plan tells what"}}
	}
	for _, each := range differences {
		if slices.ContainsFunc(free, func(row freeProperty) bool { return row.covers(change{p, step, each}) }) {
			freeChanges = append(freeChanges, each.String())
			continue
		}
		reason := Reason{difference: each, Why: "is not free", private: comesFromAPassword(step.After, each.path[0])}
		if each.String() == stateField+".provider" && p.movesDefaultProvider(each) {
			reason.group = "providers"
		}
		reasons = append(reasons, reason)
	}
	return reasons, freeChanges
}

// stateField begins the path of what is no input of a resource, but a field of its state.
const stateField = "(state)"

// bookkeeping are the fields of a state that decide nothing about a change: the outputs are known only afterwards, and
// the rest is order, time and place in the program. A parent gives a resource nothing that is not in a field of its own.
var bookkeeping = []string{
	"urn", "outputs", "parent", "aliases", "dependencies", "propertyDependencies", "created", "modified", "sourcePosition",
	"stackTrace",
}

// decisive is a state without bookkeeping.
func decisive(state object) object {
	fields := maps.Clone(state)
	maps.DeleteFunc(fields, func(field string, _ any) bool { return slices.Contains(bookkeeping, field) })
	return fields
}

// differences are all that differs between a resource before and after a step.
func (p Plan) differences(step Step) []difference {
	changes := step.Operation != "same"
	found := compare(nil, at[object](step.Before, "inputs"), at[object](step.After, "inputs"), changes)
	if changes {
		found = append(found, compare([]string{"tagsAll"}, at[any](step.Before, "outputs", "tagsAll"), p.tagsOf(step), true)...)
	}
	before, after := decisive(step.Before), decisive(step.After)
	for _, state := range []object{before, after} {
		delete(state, "inputs")
		// Pulumi marks the state that a replacement leaves behind.
		if step.Operation == "replace" {
			delete(state, "delete")
		}
	}
	// The plan does not repeat the id of a resource that keeps it.
	if _, has := after["id"]; !has {
		delete(before, "id")
	}
	return append(compare([]string{stateField}, before, after, false), found...)
}

// tagsOf are all tags that a resource will have. No plan of an update tells them: the default ones come from a provider
// that the engine hides, but whose settings are in the plan.
func (p Plan) tagsOf(step Step) any {
	if _, hasTags := at[object](step.Before, "outputs")["tagsAll"]; !hasTags {
		return nil
	}
	all, own := object{}, input[object](step, "tags")
	defaults := at[object](structured(p.Config["aws:defaultTags"]), "tags")
	for _, name := range keysOf(defaults, own) {
		all[name] = cmp.Or(own[name], defaults[name])
	}
	return all
}

// defaultProvider is the reference to a provider that the engine makes for a version of a plugin: URN and id. The name of
// one from another server than Pulumi's goes on behind the version (pulumi/pkg, providers.ProviderRequest.DefaultName).
var defaultProvider = regexp.MustCompile(`^(urn:pulumi:[^$]*::pulumi:providers:[a-z-]+)::default(?:_[0-9]+){3}::[^:]+$`)

// movesDefaultProvider tells whether all resources of a package go from its default provider to the one of another
// version. So it is with a new version of the plugin.
func (p Plan) movesDefaultProvider(d difference) bool {
	from, to := d.submatches(defaultProvider)
	return from != nil && to != nil && from[1] == to[1] && !slices.ContainsFunc(p.Steps, func(step Step) bool {
		was, will := at[string](step.Before, "provider"), at[string](step.After, "provider")
		return strings.HasPrefix(was, from[1]+"::") && was != from[0] || strings.HasPrefix(will, from[1]+"::") && will != to[0]
	})
}
