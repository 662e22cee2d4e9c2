// Package plangate judges what `pulumi preview --json --show-sames` prints: it finds what a plan deletes or replaces
// that holds data or identity or that the service needs, and what it changes in place so that a protection gets weaker.
package plangate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// unknown stands in a plan for a value that only the update itself will know (pulumi/sdk,
// resource/plugin.UnknownStringValue).
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// secret stands in a plan for a value that Pulumi keeps secret (pulumi/pkg, backend/display.MassageSecrets).
const secret = "[secret]"

// Plan is what `pulumi preview --json --show-sames` prints (pulumi/pkg, display.PreviewDigest), as far as the gate
// judges it.
type Plan struct {
	// Steps are what happens to each resource, also to those that stay as they are.
	Steps []Step `json:"steps"`
	// Diagnostics are the messages of the preview.
	Diagnostics []Diagnostic `json:"diagnostics"`
	// ChangeSummary counts the resources of each operation.
	ChangeSummary map[string]int `json:"changeSummary"`
	// Config are the settings of the stack, by their full names. A list is in JSON.
	Config map[string]string `json:"config"`
	// MaybeCorrupt tells that an earlier run may have left resources half done.
	MaybeCorrupt bool `json:"maybeCorrupt"`
}

// Step is what happens to one resource. A replacement may have several steps.
type Step struct {
	// Operation is what happens, such as create or update.
	Operation string `json:"op"`
	// URN names the resource in its stack.
	URN string `json:"urn"`
	// Before is the resource as it is. Nil for a new one.
	Before *State `json:"oldState"`
	// After is the resource as it will be. Nil for one that goes.
	After *State `json:"newState"`
	// DiffReasons are the properties that differ, in less detail than DetailedDiff.
	DiffReasons []string `json:"diffReasons"`
	// ReplaceReasons are the properties that force a replacement.
	ReplaceReasons []string `json:"replaceReasons"`
	// DetailedDiff are the paths of the properties that differ, with the kind of each difference.
	DetailedDiff map[string]struct {
		Kind string `json:"kind"`
	} `json:"detailedDiff"`
}

// State is a resource before or after the change.
type State struct {
	// Custom tells a resource of a provider from a component, which is only a name for other resources.
	Custom bool `json:"custom"`
	// Protect makes Pulumi refuse to delete the resource.
	Protect bool `json:"protect"`
	// RetainOnDelete makes Pulumi leave the resource in the cloud when it goes from the stack.
	RetainOnDelete bool `json:"retainOnDelete"`
	// Provider is the provider that manages the resource, as its URN and its id. Empty for a component and for a
	// provider.
	Provider string `json:"provider"`
	// Inputs are the properties that the program states, with the provider's defaults.
	Inputs map[string]any `json:"inputs"`
	// Outputs are the properties that the resource has. Of one that is new or changes, the plan knows few.
	Outputs map[string]any `json:"outputs"`
	// PropertyDependencies are the URNs of the resources from which each input comes. Pulumi makes those first.
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
}

// Diagnostic is a message of the preview.
type Diagnostic struct {
	// Message is its text.
	Message string `json:"message"`
	// Severity is error, warning or info.
	Severity string `json:"severity"`
}

// Read reads a plan. The error says why the text is no plan of a preview: it is empty, cut short, or something
// else.
func Read(reader io.Reader) (Plan, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return Plan{}, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Plan{}, errors.New("it is empty")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	var documents []json.RawMessage
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return Plan{}, errors.New("it is no JSON, or is cut short")
		}
		documents = append(documents, document)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(documents[0], &fields); err != nil {
		return Plan{}, errors.New("it is no JSON object")
	}
	if _, isEvent := fields["sequence"]; isEvent || len(documents) > 1 {
		return Plan{}, errors.New("it is a stream of events; run the preview without PULUMI_ENABLE_STREAMING_JSON_PREVIEW")
	}
	var plan Plan
	if err := json.Unmarshal(documents[0], &plan); err != nil {
		return Plan{}, fmt.Errorf("it has no steps or no summary, as the plan of a preview has: %w", err)
	}
	if len(plan.failures()) > 0 {
		return plan, nil
	}
	return plan, plan.check()
}

// check refuses a plan that does not show all that happens.
func (p Plan) check() error {
	if len(p.Steps) == 0 || p.ChangeSummary == nil {
		return errors.New("it has no steps or no summary, as the plan of a preview has")
	}
	listed := map[string]map[string]bool{}
	for _, step := range p.Steps {
		if step.Operation == "" || strings.Count(step.URN, "::") < 3 {
			return errors.New("a step in it names no operation or no resource")
		}
		if listed[step.Operation] == nil {
			listed[step.Operation] = map[string]bool{}
		}
		listed[step.Operation][step.URN] = true
	}
	for operation, count := range p.ChangeSummary {
		if len(listed[operation]) >= count {
			continue
		}
		if operation == "same" {
			return errors.New("it leaves out what stays as it is; run the preview with --show-sames")
		}
		return fmt.Errorf("its summary counts more of %q than its steps show", operation)
	}
	return nil
}

// failures are what the preview reports that leaves no plan to judge. Empty for a good plan.
func (p Plan) failures() []string {
	var messages []string
	for _, diagnostic := range p.Diagnostics {
		if diagnostic.Severity == "error" {
			messages = append(messages, strings.TrimSpace(diagnostic.Message))
		}
	}
	if p.MaybeCorrupt {
		messages = append(messages, "Pulumi reports that resources may be corrupt")
	}
	return messages
}

// resourceName is the logical name in a URN: urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME.
func resourceName(urn string) string { return strings.SplitN(urn, "::", 4)[3] }

// resourceType is the type in a URN without those of its parents.
func resourceType(urn string) string {
	qualified := qualifiedType(urn)
	return qualified[strings.LastIndex(qualified, "$")+1:]
}

// qualifiedType is the type in a URN behind those of its parents.
func qualifiedType(urn string) string { return strings.SplitN(urn, "::", 4)[2] }
