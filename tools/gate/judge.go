package gate

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// Reason is why a step waits for an allowance.
type Reason struct {
	// Path is the property that changes, with its values. Empty where it is about the step as a whole.
	Path          string
	Before, After any
	// Why says what is wrong about it.
	Why string
	// Allowance is the text that lets exactly this pass, and Allowed tells that it was given.
	Allowance string
	Allowed   bool
	// private hides the values in a report.
	private bool
	// group is the name of an allowance for several resources together. Empty for one of its own.
	group string
}

// Change is what happens to a resource.
type Change struct {
	// URN names the resource. Name and Type are those that it has and, if they differ, those that it had.
	URN, Name, Type string
	// Operation is what happens, as Pulumi names it.
	Operation string
	// Free are the properties that change and are free.
	Free []string
	// Reasons are why it waits for an allowance. Empty for a harmless step.
	Reasons []Reason

	step Step
}

// Judgement is what the gate thinks of a plan.
type Judgement struct {
	// Failures are the errors of the preview. If there are any, there is no plan to judge.
	Failures []string
	// Creates is the stack, as PROJECT/STACK, that the plan creates as a whole. Empty for one that has resources.
	Creates string
	// Changes are all changes, those that are refused first.
	Changes []Change
	// Unused are the allowances that fit nothing in the plan.
	Unused []string
	// Fault says how the gate itself failed. It refuses the plan then.
	Fault string
}

// Refused tells whether something is neither harmless nor allowed.
func (j Judgement) Refused() bool { return j.Fault != "" || len(j.Needed()) > 0 }

// Needed are the allowances that are missing.
func (j Judgement) Needed() []string {
	var needed []string
	for _, change := range j.Changes {
		for _, reason := range change.Reasons {
			if !reason.Allowed && !slices.Contains(needed, reason.Allowance) {
				needed = append(needed, reason.Allowance)
			}
		}
	}
	return needed
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
		change := Change{
			URN: step.URN, Name: was(step, func(u urn) string { return u.name }), Type: was(step, func(u urn) string { return u.types }),
			Operation: step.Operation, step: step,
		}
		if !isNew || step.Operation != "create" {
			plan.judge(&change, free)
		}
		if step.Operation != "same" || len(change.Reasons) > 0 || len(change.Free) > 0 {
			judgement.Changes = append(judgement.Changes, change)
		}
	}
	slices.SortStableFunc(judgement.Changes, func(a, b Change) int {
		if refused := min(len(b.Reasons), 1) - min(len(a.Reasons), 1); refused != 0 {
			return refused
		}
		return strings.Compare(a.Type+"\x00"+a.Name, b.Type+"\x00"+b.Name)
	})
	judgement.allow(commit, allowances)
	return judgement
}

// createsAll tells whether the stack has nothing yet but itself and its providers, and only gets new resources.
func (p Plan) createsAll() bool {
	creates := false
	for _, step := range p.Steps {
		kind := step.After.text("type")
		switch {
		case step.Operation == "create" && step.Before == nil && step.After != nil:
			creates = true
		case step.Operation == "same" && (kind == "pulumi:pulumi:Stack" || strings.HasPrefix(kind, "pulumi:providers:")):
		default:
			return false
		}
	}
	return creates
}

// judge finds what is not harmless about a step.
func (p Plan) judge(c *Change, free []freeProperty) {
	step := c.step
	refuse := func(why string) { c.Reasons = append(c.Reasons, Reason{Why: why}) }
	switch {
	case step.Operation == "create" && step.Before == nil && step.After != nil:
		c.Reasons = append(c.Reasons, Reason{Why: "is new" + summary(step.After), group: "additions"})
		return
	case !slices.Contains([]string{"same", "update", "replace"}, step.Operation):
		why := "is not one of the harmless operations"
		if step.Before == nil {
			// Nothing else tells what it brings into the stack.
			why += summary(step.After)
		}
		refuse(why)
	case step.Before == nil || step.After == nil:
		refuse("is not shown as it is and as it will be")
	case step.Operation == "replace" && step.After.text("type") != taskDefinition:
		refuse("is replaced; only a task definition may be")
	}
	if step.Before == nil || step.After == nil {
		return
	}
	differences := p.differences(step)
	if len(c.Reasons) == 0 && step.Operation != "same" && len(differences) == 0 {
		refuse("changes, but nothing in the plan tells what")
	}
	for _, difference := range differences {
		if slices.ContainsFunc(free, func(row freeProperty) bool { return row.covers(change{p, step, difference}) }) {
			c.Free = append(c.Free, difference.path())
			continue
		}
		reason := Reason{Path: difference.path(), Before: difference.Before, After: difference.After, Why: "is not free"}
		reason.private = comesFromAPassword(step.After, difference.Path[0])
		if difference.Path[0] == stateField && difference.Path[1] == "provider" && p.movesDefaultProvider(difference) {
			reason.group = "providers"
		}
		c.Reasons = append(c.Reasons, reason)
	}
}

// stateField begins the path of what is no input of a resource, but a field of its state.
const stateField = "(state)"

// bookkeeping are the fields of a state that decide nothing about a change: the inputs are compared on their own, the
// outputs are known only afterwards, and the rest is order, time and place in the program. A parent gives a resource
// nothing that is not in a field of its own.
var bookkeeping = []string{
	"urn", "id", "inputs", "outputs", "parent", "aliases", "dependencies", "propertyDependencies", "created", "modified", "sourcePosition", "stackTrace",
}

// differences are all that differs between a resource before and after a step.
func (p Plan) differences(step Step) []Difference {
	var found []Difference
	fields := maps.Clone(step.Before)
	maps.Copy(fields, step.After)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		// Pulumi marks the state that a replacement leaves behind.
		if slices.Contains(bookkeeping, field) || field == "delete" && step.Operation == "replace" {
			continue
		}
		state := comparison{}
		state.compare([]string{stateField, field}, step.Before[field], step.After[field])
		found = append(found, state.found...)
	}
	// The plan does not repeat the id of a resource that keeps it.
	if id, has := step.After["id"]; has && !reflect.DeepEqual(id, step.Before["id"]) {
		found = append(found, Difference{[]string{stateField, "id"}, step.Before["id"], id})
	}
	inputs := comparison{changes: step.Operation != "same"}
	inputs.compare(nil, orEmpty(step.Before.object("inputs")), orEmpty(step.After.object("inputs")))
	if inputs.changes {
		inputs.compare([]string{"tagsAll"}, step.Before.object("outputs")["tagsAll"], p.tagsOf(step))
	}
	return append(found, inputs.found...)
}

func orEmpty(object map[string]any) any {
	if object == nil {
		return map[string]any{}
	}
	return object
}

// tagsOf are all tags that a resource will have. No plan of an update tells them: the default ones come from a provider
// that the engine hides, but whose settings are in the plan.
func (p Plan) tagsOf(step Step) any {
	before, hasTags := step.Before.object("outputs")["tagsAll"]
	if !hasTags {
		return before
	}
	text, _ := p.Config["aws:defaultTags"].(string)
	defaults, _ := structured(text)
	settings, _ := defaults.(map[string]any)
	all := map[string]any{}
	maps.Copy(all, State(settings).object("tags"))
	maps.Copy(all, State(step.After.object("inputs")).object("tags"))
	return all
}

// defaultProvider is the reference to a provider that the engine makes for a version of a plugin: URN and id. The name of
// one from another server than Pulumi's goes on behind the version (pulumi/pkg, providers.ProviderRequest.DefaultName).
var defaultProvider = regexp.MustCompile(`^(urn:pulumi:[^$]*::pulumi:providers:[a-z-]+)::default(?:_[0-9]+){3}::[^:]+$`)

// movesDefaultProvider tells whether all resources of a package go from its default provider to the one of another
// version. So it is with a new version of the plugin.
func (p Plan) movesDefaultProvider(difference Difference) bool {
	before, after, are := both[string](difference.Before, difference.After)
	from, to := defaultProvider.FindStringSubmatch(before), defaultProvider.FindStringSubmatch(after)
	return are && from != nil && to != nil && from[1] == to[1] && !slices.ContainsFunc(p.Steps, func(step Step) bool {
		now, then := step.Before.text("provider"), step.After.text("provider")
		return strings.HasPrefix(now, from[1]+"::") && now != before || strings.HasPrefix(then, from[1]+"::") && then != after
	})
}

// was is a part of a resource's URN, behind the one that it had if that is another.
func was(step Step, part func(urn) string) string {
	now, _ := parseURN(step.URN)
	before, had := parseURN(step.Before.text("urn"))
	if had && part(before) != part(now) {
		return part(before) + " → " + part(now)
	}
	return part(now)
}
