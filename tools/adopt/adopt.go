// Package adopt brings a deployment made with Terraform into a stack. It finds the stack's resources in Terraform's
// state, compares every attribute with what the program states, and refuses what would break the application. From the
// rest it makes the file that Pulumi imports, the settings with which the program changes as little as possible, and
// the random values for the stack's state.
package adopt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// Options are what a user says about a deployment in addition to its state.
type Options struct {
	// Mappings are for resources whose addresses differ from the guide's.
	Mappings []Mapping
	// Module limits the search to one module and the modules in it. Empty for all.
	Module string
	// Accepted are differences that would be refused and that the user accepts, each as ADDRESS:ATTRIBUTE.
	Accepted []string
	// Name is the setting `name`. Empty to derive it from the names of the resources.
	Name string
	// Project is the program's project.
	Project Project
	// Ask asks AWS which revision a service runs. Nil to trust the state.
	Ask func(region, cluster, service string) (Revision, error)
}

// Adoption is a deployment that can be adopted.
type Adoption struct {
	// Matches are the resources of the stack that are in the state, in the order of the guide.
	Matches []Match
	// Missing are the resources that are not in the state: the first update makes them.
	Missing []Resource
	// Unknown are the addresses that are not resources of the stack.
	Unknown []Unknown
	// Account, Region and Partition are where the deployment is.
	Account, Region, Partition string
	// Name is the setting `name`.
	Name string
	// KeptNames are the physical names that the program would not make. The resources keep them.
	KeptNames []string
	// Settings are what the stack file says.
	Settings []Setting
	// Tags are the tags that all resources carry.
	Tags map[string]string
	// Differences are what the first update changes.
	Differences []Difference
	// Remarks are what the user should also check.
	Remarks []string

	project Project
	random  randomValues
	// revision is the task definition that the service runs, as far as is known.
	revision string
}

// Read finds the resources of the stack in a state. The error lists, one a line, every reason not to adopt the
// deployment as it is, and what to do about it.
func Read(state tfstate.State, options Options) (*Adoption, error) {
	if len(state.Managed) == 0 {
		return nil, errors.New("the state holds no resource; is it the right workspace?")
	}
	a := &Adoption{project: options.Project}
	problems := a.match(state, options)
	if len(a.Matches) == 0 && len(problems) == 0 {
		return nil, fmt.Errorf("none of its %d resources belongs to this stack; the first is %s. Is this the state of the media server?%s",
			len(state.Managed), state.Managed[0].Address, suggestionsIn(a.Unknown))
	}
	problems = append(problems, a.findPlace()...)
	problems = append(problems, a.findRevision(options.Ask)...)
	for at := range a.Matches {
		if err := a.normalize(&a.Matches[at], state); err != nil {
			problems = append(problems, err.Error())
		}
	}
	problems = append(problems, a.check(state)...)
	problems = append(problems, a.deriveName(options.Name)...)
	// With a problem so far, the rest would be compared with the wrong settings.
	if len(problems) == 0 {
		a.random = a.deriveRandomValues()
		a.Tags = a.commonTags()
		problems = append(problems, a.deriveSettings(state)...)
		problems = append(problems, a.compareAll(options.Accepted)...)
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	return a, nil
}

// compareAll finds what the first update changes, and reports what would break the application unless it is accepted.
func (a *Adoption) compareAll(accepted []string) []string {
	var problems []string
	unused := slices.Clone(accepted)
	for _, match := range a.Matches {
		if match.Ours.Import == "" && match.Ours.Address != taskDefinition {
			// A random value stays, however it was drawn.
			continue
		}
		for _, each := range compare(match, a.servesHTTPS(), a.values) {
			isAccepted := !each.IsFixed && slices.Contains(accepted, each.key())
			if each.Why != "" && isAccepted {
				unused = slices.DeleteFunc(unused, func(other string) bool { return other == each.key() })
			} else if each.Why != "" {
				problems = append(problems, each.refusal())
			}
			a.Differences = append(a.Differences, each)
		}
	}
	for _, each := range unused {
		problems = append(problems, fmt.Sprintf("--accept %s: nothing is refused there that could be accepted", each))
	}
	return problems
}

// values are the values of {KEY} in resources.yaml: several if a setting is a list, none if the value is unknown.
func (a *Adoption) values(key string) []string {
	var value any
	switch at := strings.LastIndex(key, "."); {
	case key == "region":
		value = a.Region
	case key == "partition":
		value = a.Partition
	case key == "bucket":
		bucket, _ := a.find(bucketAddress)
		value = bucket.Text("bucket")
	case key == "checkAddress" && a.setting("containerHealthCheck") != noCheck:
		value = checkAddress(text(a.setting("appPort")), text(a.setting("healthCheckPath")))
	case key == "startPeriod" && a.setting("containerHealthCheck") != noCheck:
		value = min(a.number("startSeconds"), longestStartPeriod)
	case at > 0:
		theirs, _ := a.find(key[:at])
		value = theirs.Text(key[at+1:])
	default:
		value = a.setting(key)
	}
	return known(value)
}

// known returns the texts of a value that are not empty.
func known(value any) []string {
	return slices.DeleteFunc(texts(value), func(text string) bool { return text == "" })
}

// setting is the value of a setting: the one that was read from the deployment, or the default. Nil for no setting.
func (a *Adoption) setting(key string) any {
	for _, each := range a.Settings {
		if each.Key == key {
			return each.Value
		}
	}
	return a.project.Settings[key].Default
}

// number is the value of a setting that is a whole number.
func (a *Adoption) number(key string) int {
	number, _ := a.setting(key).(int)
	return number
}

// find returns the resource that the state has for an address of the guide, and whether it has one.
func (a *Adoption) find(address string) (tfstate.Resource, bool) {
	at := slices.IndexFunc(a.Matches, func(match Match) bool { return match.Ours.Address == address })
	if at < 0 {
		return tfstate.Resource{}, false
	}
	return a.Matches[at].Theirs, true
}

// remark adds something to look at.
func (a *Adoption) remark(format string, arguments ...any) {
	a.Remarks = append(a.Remarks, fmt.Sprintf(format, arguments...))
}
