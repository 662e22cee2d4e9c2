package plangate

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// What may happen to a resource, in the words of the report. They stand in the order of how bad they are.
const (
	created  = "create"
	imported = "import"
	updated  = "update"
	replaced = "replace"
	deleted  = "delete"
)

var badness = []string{created, imported, updated, replaced, deleted}

// operations tell what each operation of Pulumi's engine does to a resource (pulumi/pkg, resource/deploy, StepOp).
// An empty text leaves it as it is.
var operations = map[string]string{
	"same":                   "",
	"read":                   "",
	"refresh":                "",
	"discard":                "",
	"diff":                   "",
	"create":                 created,
	"import":                 imported,
	"update":                 updated,
	"replace":                replaced,
	"create-replacement":     replaced,
	"delete-replaced":        replaced,
	"read-replacement":       replaced,
	"discard-replaced":       replaced,
	"import-replacement":     replaced,
	"remove-pending-replace": replaced,
	"delete":                 deleted,
}

// Danger is one reason to refuse a change.
type Danger struct {
	// What happens: is deleted, is replaced, gets weaker, or is not known.
	What string
	// Because names the properties that cause it, or the protection that gets weaker with its values.
	Because string
	// Why says what it means for the stack.
	Why string
}

// Change is what happens to one resource.
type Change struct {
	// URN names the resource in its stack.
	URN string
	// Name is its logical name, and Type its type behind those of its parents.
	Name, Type string
	// Happens is the worst that happens to it. Empty if only its protection changes.
	Happens string
	// Because are the properties that differ, or those that force a replacement.
	Because []string
	// Dangers are the reasons to refuse the change. Empty for a harmless one.
	Dangers []Danger
	// Allowance is the text that lets exactly this change pass. Empty for a harmless one.
	Allowance string
	// Allowed tells that the allowance was given.
	Allowed bool
}

// Judgement is what the gate thinks of a plan.
type Judgement struct {
	// Failures are the errors of the preview. If there are any, there is no plan to judge.
	Failures []string
	// Changes are all changes, in the order of types and names.
	Changes []Change
	// Unused are the allowances that match nothing in the plan.
	Unused []string
}

// Refused tells whether a dangerous change is not allowed.
func (j Judgement) Refused() bool {
	return slices.ContainsFunc(j.Changes, func(change Change) bool { return len(change.Dangers) > 0 && !change.Allowed })
}

// Judge judges every resource of a plan by the worst that happens to it. An allowance is good for one change of
// one resource and for one commit; commit may be empty where there is none.
func Judge(plan Plan, commit string, allowances []string) Judgement {
	if failures := plan.failures(); len(failures) > 0 {
		return Judgement{Failures: failures}
	}
	steps := map[string][]Step{}
	for _, step := range plan.Steps {
		steps[step.URN] = append(steps[step.URN], step)
	}
	var judgement Judgement
	used := map[string]bool{}
	for _, urn := range slices.Sorted(maps.Keys(steps)) {
		change, relevant := plan.judge(steps[urn])
		if !relevant {
			continue
		}
		if len(change.Dangers) > 0 {
			change.Allowance = allowance(commit, change)
			change.Allowed = slices.Contains(allowances, change.Allowance)
			used[change.Allowance] = change.Allowed
		}
		judgement.Changes = append(judgement.Changes, change)
	}
	slices.SortStableFunc(judgement.Changes, func(a, b Change) int {
		return strings.Compare(a.Type+"\x00"+a.Name, b.Type+"\x00"+b.Name)
	})
	for _, each := range allowances {
		if !used[each] && !slices.Contains(judgement.Unused, each) {
			judgement.Unused = append(judgement.Unused, each)
		}
	}
	return judgement
}

// judge puts the steps of one resource together. It returns false if nothing happens to it.
func (p Plan) judge(steps []Step) (Change, bool) {
	urn := steps[0].URN
	change := Change{URN: urn, Name: resourceName(urn), Type: qualifiedType(urn)}
	because := map[string]bool{}
	for _, step := range steps {
		happens, isKnownOperation := operations[step.Operation]
		if !isKnownOperation {
			happens = step.Operation
		}
		if slices.Index(badness, happens) > slices.Index(badness, change.Happens) || !isKnownOperation {
			change.Happens = happens
		}
		for _, path := range step.reasons(happens) {
			because[path] = true
		}
	}
	change.Because = slices.Sorted(maps.Keys(because))
	for _, step := range steps {
		for _, danger := range append(p.lost(step, change), p.weakened(step)...) {
			if !slices.Contains(change.Dangers, danger) {
				change.Dangers = append(change.Dangers, danger)
			}
		}
	}
	return change, change.Happens != "" || len(change.Dangers) > 0
}

// lost is the danger of what happens to the resource as a whole. Empty for none.
func (p Plan) lost(step Step, change Change) []Danger {
	happens, isKnownOperation := operations[step.Operation]
	kind := resourceType(step.URN)
	switch {
	case !isKnownOperation:
		return []Danger{{"is not known", step.Operation, "the gate does not know this operation; enter it into the gate's rules"}}
	case happens == "" || isComponent(step):
	case !isKnown(kind):
		return []Danger{{inWords[happens], change.because(happens), unknownType}}
	case happens == deleted || happens == replaced:
		if why := loss(step); why != "" {
			return []Danger{{inWords[happens], change.because(happens), why}}
		}
	}
	return nil
}

// inWords says what happens in the table of dangers.
var inWords = map[string]string{
	created: "is new", imported: "is imported", updated: "is changed", replaced: "is replaced", deleted: "is deleted",
}

// weakened are the protections that a step makes weaker. What the plan does not show cannot be judged.
func (p Plan) weakened(step Step) []Danger {
	kind := resourceType(step.URN)
	_, isProtected := protections[kind]
	var found []Weakening
	switch {
	case isComponent(step):
	case step.Before != nil && step.After != nil:
		found = p.protectionsOf(step)
	case operations[step.Operation] == created:
		found = p.grantsOf(step)
	case operations[step.Operation] == deleted && step.Before != nil:
		found = denialsOf(step)
	case operations[step.Operation] == updated && isProtected:
		return []Danger{{"gets weaker", "not shown in the plan", "what the plan does not show cannot be judged"}}
	}
	if !isComponent(step) && step.After != nil && operations[step.Operation] != "" {
		found = append(found, secretsComeOutSecret(step)...)
	}
	var dangers []Danger
	for _, each := range found {
		dangers = append(dangers, Danger{"gets weaker", each.Property + ": " + each.From + " → " + each.To, each.Why})
	}
	return dangers
}

// reasons are the properties that cause what happens: for a replacement those that force it.
func (s Step) reasons(happens string) []string {
	if happens != replaced {
		if len(s.DetailedDiff) > 0 {
			return slices.Sorted(maps.Keys(s.DetailedDiff))
		}
		return s.DiffReasons
	}
	var forcing []string
	for path, difference := range s.DetailedDiff {
		if strings.HasSuffix(difference.Kind, "-replace") {
			forcing = append(forcing, path)
		}
	}
	if len(forcing) == 0 {
		return s.ReplaceReasons
	}
	return forcing
}

// because says why something happens to the resource.
func (c Change) because(happens string) string {
	switch {
	case happens == deleted:
		return "not in the program any more"
	case len(c.Because) > 0:
		return strings.Join(c.Because, ", ")
	case happens == created, happens == imported:
		return "not in the stack yet"
	}
	return "not said"
}

const (
	// LabelPrefix makes a label of GitHub from an allowance.
	LabelPrefix = "allow:"
	// LabelLimit is how many characters a label of GitHub may have (GitHub REST API, "Create a label").
	LabelLimit = 50
	// digestLength is how many characters of the digest an allowance has: 65 bits, so that nobody can make a
	// commit to which an allowance for another one fits.
	digestLength = 13
)

var notInALabel = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// allowance names one change of one resource at one commit: its logical name for people, and a digest of all that
// was refused. Another commit, another stack or another danger has another allowance.
func allowance(commit string, change Change) string {
	text, err := json.Marshal([]any{commit, change.URN, change.Happens, change.Dangers})
	if err != nil {
		panic(err) // Texts always have a JSON form.
	}
	sum := sha256.Sum256(text)
	digest := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:digestLength]
	name := notInALabel.ReplaceAllString(change.Name, "-")
	return name[:min(len(name), LabelLimit-len(LabelPrefix)-len("@")-digestLength)] + "@" + digest
}
