// Package gate judges what `pulumi preview --json --show-sames` prints. A plan passes if every step is one of the few
// that are known to be harmless: a resource that stays as it is, a change of free properties (free.go), or the creation
// of a whole stack. Everything else waits for an allowance.
package gate

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Plan is what a preview says that an update would do (pulumi/pkg, display.PreviewDigest).
type Plan struct {
	// Project and Stack are those of all resources in the plan.
	Project, Stack string
	// Steps are what happens to each resource, also to those that stay as they are.
	Steps []Step
	// Config are the settings of the stack by their full names. Lists and objects are in JSON.
	Config map[string]any
	// Failures are what the preview reports that leaves no plan to judge. The rest is empty then.
	Failures []string
}

// Step is what happens to one resource.
type Step struct {
	// Operation is what happens, such as create or update.
	Operation string
	// URN names the resource as it will be, or the one that goes.
	URN string
	// Before is the resource as it is in Pulumi's state, and After as it will be, with all fields (pulumi/sdk,
	// apitype.ResourceV3). Nil where there is none.
	Before, After map[string]any
}

// at is what names lead to in objects within objects. Where there is nothing of that type, it is the zero value.
func at[T any](value any, names ...string) T {
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	found, _ := value.(T)
	return found
}

// object is an object, as JSON holds it.
type object = map[string]any

// kind is the type of the resource as it will be.
func (s Step) kind() string { return at[string](s.After, "type") }

// input is an input of the resource as it will be.
func input[T any](s Step, names ...string) T { return at[T](at[any](s.After, "inputs"), names...) }

// sources are the URNs of the resources from which an input comes.
func sources(state object, input string) []string {
	var urns []string
	for _, each := range at[[]any](state, "propertyDependencies", input) {
		urns = append(urns, at[string](each))
	}
	return urns
}

// Read reads a plan of the stack PROJECT/STACK, or of any one stack if expected is empty. The error says why the text is
// no such plan: it is empty, cut short, of another form or of another stack, or it leaves something out.
func Read(reader io.Reader, expected string) (Plan, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return Plan{}, err
	}
	document, err := strictJSON(text)
	if err != nil {
		return Plan{}, err
	}
	err = knowsAll("the plan", document, "config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt")
	if err != nil {
		return Plan{}, err
	}
	if failures := failuresOf(document); len(failures) > 0 {
		return Plan{Failures: failures}, nil
	}
	plan := Plan{Config: at[object](document, "config")}
	steps, summary := at[[]any](document, "steps"), at[object](document, "changeSummary")
	if len(steps) == 0 || summary == nil {
		return Plan{}, errors.New("it has no steps or no summary, as the plan of a preview has")
	}
	for i, each := range steps {
		if err := plan.add(each); err != nil {
			return Plan{}, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	if stack := plan.Project + "/" + plan.Stack; expected != "" && stack != expected {
		return Plan{}, fmt.Errorf("it is of the stack %s, and should be of %s", stack, expected)
	}
	return plan, plan.showsAllOf(summary)
}

// knowsAll refuses an object with fields that the gate does not know.
func knowsAll(what string, content any, known ...string) error {
	for _, field := range slices.Sorted(maps.Keys(at[object](content))) {
		if !slices.Contains(known, field) {
			return fmt.Errorf("%s has a field %q, which the gate does not know", what, field)
		}
	}
	return nil
}

// failuresOf are the errors that a preview reports.
func failuresOf(document any) []string {
	var failures []string
	for _, each := range at[[]any](document, "diagnostics") {
		if at[string](each, "severity") == "error" {
			failures = append(failures, strings.TrimSpace(at[string](each, "message")))
		}
	}
	if at[bool](document, "maybeCorrupt") {
		failures = append(failures, "Pulumi reports that resources may be corrupt")
	}
	return failures
}

// add reads a step. All steps of a plan must be of one stack.
func (p *Plan) add(content any) error {
	if err := knowsAll("it", content, "op", "urn", "provider", "oldState", "newState", "diffReasons", "replaceReasons", "detailedDiff"); err != nil {
		return err
	}
	step := Step{at[string](content, "op"), at[string](content, "urn"), at[object](content, "oldState"), at[object](content, "newState")}
	if step.Operation == "" {
		return errors.New("it names no operation")
	}
	if step.After != nil && at[string](step.After, "urn") != step.URN {
		return errors.New("it is about another resource than its new state")
	}
	if _, err := p.urnOf(step.URN); err != nil {
		return err
	}
	for _, field := range []string{"oldState", "newState"} {
		if at[any](content, field) == nil {
			continue
		}
		urn, err := p.urnOf(at[string](content, field, "urn"))
		if err != nil {
			return fmt.Errorf("its %s: %w", field, err)
		}
		if kind := at[string](content, field, "type"); kind != urn.kind() {
			return fmt.Errorf("its %s: the type of %s is %q", field, urn.name, kind)
		}
	}
	p.Steps = append(p.Steps, step)
	return nil
}

// urnOf reads the URN of a resource of the plan's stack, which is that of the first one.
func (p *Plan) urnOf(text string) (urn, error) {
	urn, isURN := parseURN(text)
	if !isURN {
		return urn, fmt.Errorf("%q is not the URN of a resource", text)
	}
	if p.Stack == "" {
		p.Project, p.Stack = urn.project, urn.stack
	}
	if urn.project != p.Project || urn.stack != p.Stack {
		return urn, fmt.Errorf("%s is not of the stack %s/%s", text, p.Project, p.Stack)
	}
	return urn, nil
}

// showsAllOf refuses a plan whose summary counts more than its steps show.
func (p Plan) showsAllOf(summary object) error {
	shown := map[string]int{}
	for _, step := range p.Steps {
		shown[step.Operation]++
	}
	for _, operation := range slices.Sorted(maps.Keys(summary)) {
		if count, isNumber := number(summary[operation]); !isNumber || count > float64(shown[operation]) {
			return fmt.Errorf("its summary counts more of %q than its steps show; run the preview with --show-sames", operation)
		}
	}
	return nil
}

// urn is the name of a resource in Pulumi: urn:pulumi:STACK::PROJECT::PARENTTYPE$TYPE::NAME.
type urn struct{ stack, project, types, name string }

// stackName is a name of a project or of a stack (pulumi/sdk, tokens.IsName and tokens.ParseStackName).
var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

func parseURN(text string) (urn, bool) {
	parts := strings.SplitN(text, "::", 4)
	stack, isURN := strings.CutPrefix(parts[0], "urn:pulumi:")
	if !isURN || len(parts) < 4 || slices.Contains(parts, "") || !stackName.MatchString(stack) || !stackName.MatchString(parts[1]) {
		return urn{}, false
	}
	return urn{stack: stack, project: parts[1], types: parts[2], name: parts[3]}, true
}

// kind is the type without those of the parents.
func (u urn) kind() string { return u.types[strings.LastIndex(u.types, "$")+1:] }
