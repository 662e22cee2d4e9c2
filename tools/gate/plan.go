// Package gate judges what `pulumi preview --json --show-sames` prints. A plan passes if every step is one of the few
// that are known to be harmless: a resource that stays as it is, a change of free properties (free.go), or the creation
// of a whole stack. Everything else waits for an allowance.
package gate

import (
	"bytes"
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
	// Before is the resource as it is, and After as it will be. Nil where there is none.
	Before, After State
}

// State is a resource in Pulumi's state, with all fields of it (pulumi/sdk, apitype.ResourceV3).
type State map[string]any

// object is a field that holds an object. Nil for none.
func (s State) object(field string) map[string]any {
	object, _ := s[field].(map[string]any)
	return object
}

// text is a field that holds a text. Empty for none.
func (s State) text(field string) string {
	text, _ := s[field].(string)
	return text
}

// sources are the URNs of the resources from which an input comes.
func (s State) sources(input string) []string {
	list, _ := s.object("propertyDependencies")[input].([]any)
	urns := make([]string, len(list))
	for i, each := range list {
		urns[i], _ = each.(string)
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
	if len(bytes.TrimSpace(text)) == 0 {
		return Plan{}, errors.New("it is empty")
	}
	if bytes.Contains(text[:min(len(text), 200)], []byte(`"sequence"`)) {
		return Plan{}, errors.New("it is a stream of events; run the preview without PULUMI_ENABLE_STREAMING_JSON_PREVIEW")
	}
	document, err := strictJSON(text)
	if err != nil {
		return Plan{}, err
	}
	fields, isObject := document.(map[string]any)
	if !isObject {
		return Plan{}, errors.New("it is no JSON object")
	}
	if err := hasOnly("the plan", fields, "config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"); err != nil {
		return Plan{}, err
	}
	if failures := failuresOf(fields); len(failures) > 0 {
		return Plan{Failures: failures}, nil
	}
	plan := Plan{Config: State(fields).object("config")}
	steps, _ := fields["steps"].([]any)
	summary, hasSummary := fields["changeSummary"].(map[string]any)
	if len(steps) == 0 || !hasSummary {
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

// hasOnly refuses an object with fields that the gate does not know.
func hasOnly(what string, fields map[string]any, known ...string) error {
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, field) {
			return fmt.Errorf("%s has a field %q, which the gate does not know", what, field)
		}
	}
	return nil
}

// failuresOf are the errors that a preview reports.
func failuresOf(fields map[string]any) []string {
	var failures []string
	diagnostics, _ := fields["diagnostics"].([]any)
	for _, each := range diagnostics {
		diagnostic, _ := each.(map[string]any)
		if State(diagnostic).text("severity") == "error" {
			failures = append(failures, strings.TrimSpace(State(diagnostic).text("message")))
		}
	}
	if fields["maybeCorrupt"] == true {
		failures = append(failures, "Pulumi reports that resources may be corrupt")
	}
	return failures
}

// add reads a step. All steps of a plan must be of one stack.
func (p *Plan) add(content any) error {
	fields, _ := content.(map[string]any)
	if err := hasOnly("it", fields, "op", "urn", "provider", "oldState", "newState", "diffReasons", "replaceReasons", "detailedDiff"); err != nil {
		return err
	}
	for _, field := range []string{"oldState", "newState"} {
		if _, isObject := fields[field].(map[string]any); fields[field] != nil && !isObject {
			return fmt.Errorf("its %s is no object", field)
		}
	}
	step := Step{
		Operation: State(fields).text("op"), URN: State(fields).text("urn"),
		Before: State(fields).object("oldState"), After: State(fields).object("newState"),
	}
	if step.Operation == "" || step.URN == "" {
		return errors.New("it names no operation or no resource")
	}
	if step.After != nil && step.After.text("urn") != step.URN {
		return errors.New("it is about another resource than its new state")
	}
	urns := map[string]State{step.URN: nil}
	for _, state := range []State{step.Before, step.After} {
		if state != nil {
			urns[state.text("urn")] = state
		}
	}
	for text, state := range urns {
		urn, isURN := parseURN(text)
		if !isURN {
			return fmt.Errorf("%q is no URN of a resource", text)
		}
		if state != nil && state.text("type") != urn.kind() {
			return fmt.Errorf("the type of %s is %q in its state", text, state.text("type"))
		}
		if p.Stack == "" {
			p.Project, p.Stack = urn.project, urn.stack
		}
		if urn.project != p.Project || urn.stack != p.Stack {
			return fmt.Errorf("%s is not of the stack %s/%s", text, p.Project, p.Stack)
		}
	}
	p.Steps = append(p.Steps, step)
	return nil
}

// showsAllOf refuses a plan whose summary counts more than its steps show.
func (p Plan) showsAllOf(summary map[string]any) error {
	shown := map[string]int{}
	for _, step := range p.Steps {
		shown[step.Operation]++
	}
	for _, operation := range slices.Sorted(maps.Keys(summary)) {
		switch count, isNumber := number(summary[operation]); {
		case isNumber && count <= float64(shown[operation]):
		case operation == "same":
			return errors.New("it leaves out what stays as it is; run the preview with --show-sames")
		default:
			return fmt.Errorf("its summary counts more of %q than its steps show", operation)
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
