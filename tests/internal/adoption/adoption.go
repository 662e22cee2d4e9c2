// Package adoption brings what Terraform deployed into a stack: it finds the resources of the stack in a state of
// Terraform, refuses what would be wrong to adopt, and makes from the rest what Pulumi imports, the settings with
// which the program changes as little as possible, and the random values in the stack's state.
package adoption

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/terraformstate"
)

// Options are what a person says about a deployment beside its state.
type Options struct {
	// Mappings name the resources that the guide names otherwise.
	Mappings []Mapping
	// Name is the setting `name`. Empty means to find it in the names of the resources.
	Name string
	// Project is the program's project.
	Project Project
}

// Adoption is a deployment that can be adopted.
type Adoption struct {
	// Matches are the resources of the stack that are in the state, in the order of the guide.
	Matches []Match
	// Missing are those that are not: the first update makes them.
	Missing []inventory.Resource
	// Unknown are the addresses that are no resource of the stack.
	Unknown []Unknown
	// Account and Region are where the deployment is.
	Account, Region string
	// Name is the setting `name`.
	Name string
	// KeptNames are the physical names that the program would not make. The resources keep them.
	KeptNames []string
	// Settings are what the stack file says.
	Settings []Setting
	// Tags are the tags that all resources carry.
	Tags map[string]string
	// Remarks are what a person should look at.
	Remarks []string

	versions Versions
	random   randomValues
	// https are the settings for HTTPS. Empty for a deployment without it.
	https []Setting
}

// Read finds the resources of the stack in a state. The error has every reason, one a line, why the deployment
// would be wrong to adopt as it is, and what to do.
func Read(state terraformstate.State, options Options) (*Adoption, error) {
	if len(state.Managed) == 0 {
		return nil, errors.New("the state holds no resource; is it the right workspace?")
	}
	found, unknown, problems := matches(state, options.Mappings)
	adoption := &Adoption{Matches: found, versions: options.Project.Versions}
	if len(found) == 0 && len(problems) == 0 {
		return nil, fmt.Errorf("none of its %d resources is one of this stack, but for instance %s; is it the state of the media server?",
			len(state.Managed), state.Managed[0].Address)
	}
	adoption.Unknown = adoption.judge(unknown)
	for _, each := range ours() {
		if _, isFound := adoption.find(each.Terraform); !isFound && !isOptional(each.Terraform) {
			adoption.Missing = append(adoption.Missing, each)
		}
	}
	problems = append(problems, adoption.check(state)...)
	problems = append(problems, adoption.deriveName(options.Name)...)
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	adoption.random = adoption.deriveRandomValues()
	adoption.Tags = adoption.commonTags()
	adoption.deriveSettings(options.Project)
	return adoption, nil
}

// find is what the state has for an address of the guide, and whether it has it.
func (a Adoption) find(address string) (terraformstate.Resource, bool) {
	at := slices.IndexFunc(a.Matches, func(match Match) bool { return match.Ours.Terraform == address })
	if at < 0 {
		return terraformstate.Resource{}, false
	}
	return a.Matches[at].Theirs, true
}

// Unknown is an address that is no resource of the stack.
type Unknown struct {
	Address string
	// Suggestion is the mapping that it may be meant by. Empty if nothing of its type is missing.
	Suggestion string
	// Belongs says to which resource of the stack it belongs, so that it must not stay with Terraform either. Empty
	// if it may stay.
	Belongs string
}

// judge says of each unknown address whether it may be one of the stack under another name, or a part of one.
func (a Adoption) judge(unknown []terraformstate.Resource) []Unknown {
	var judged []Unknown
	for _, theirs := range unknown {
		each := Unknown{Address: theirs.Address, Belongs: a.belongs(theirs)}
		for _, ours := range ours() {
			if _, isFound := a.find(ours.Terraform); !isFound && !isOptional(ours.Terraform) && terraformType(ours) == guideType(theirs.Type) && each.Belongs == "" {
				each.Suggestion = mapOption(theirs.Address, ours.Name)
				break
			}
		}
		judged = append(judged, each)
	}
	return judged
}

// belongs says to which resource of the stack something belongs that has a resource of its own in Terraform, and
// that the program states as a part of it: two programs would then take it from each other.
func (a Adoption) belongs(theirs terraformstate.Resource) string {
	switch theirs.Type {
	case "aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule":
		for _, address := range []string{"aws_security_group.alb", "aws_security_group.ecs_tasks"} {
			if group, isFound := a.find(address); isFound && group.Text("id") == theirs.Text("security_group_id") {
				return group.Address + ", which states all its rules itself"
			}
		}
	case "aws_iam_role_policy":
		role, isFound := a.find("aws_iam_role.ecs_task_execution_role")
		if isFound && role.Text("name") == theirs.Text("role") {
			return role.Address + ", which states its only inline policy itself: it reads the parameters of the container"
		}
	}
	return ""
}
