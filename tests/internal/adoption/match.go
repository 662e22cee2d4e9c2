package adoption

import (
	"fmt"
	"slices"
	"strings"

	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/terraformstate"
	"mediaserver/tools/shellword"
)

// Leave is the name in a mapping that leaves an address to Terraform.
const Leave = "-"

// Mapping says which resource of the stack an address in the state is, where the guide names it otherwise.
type Mapping struct {
	// Address is an address in the state.
	Address string
	// Name is the logical name of a resource of the stack, or Leave.
	Name string
}

// ParseMapping reads ADDRESS=NAME. An address may hold equals signs in its index.
func ParseMapping(text string) (Mapping, error) {
	at := strings.LastIndex(text, "=")
	if at < 1 || at == len(text)-1 {
		return Mapping{}, fmt.Errorf("%q must be ADDRESS=NAME", text)
	}
	return Mapping{text[:at], text[at+1:]}, nil
}

// mapOption is the option that maps an address to a name, to be copied into a shell.
func mapOption(address, name string) string { return "--map " + shellword.Quote(address+"="+name) }

// Match is a resource of the stack that is in the state.
type Match struct {
	Ours   inventory.Resource
	Theirs terraformstate.Resource
}

// otherTypes are the Terraform types that are another name for the one in the guide.
var otherTypes = map[string]string{
	"aws_alb":              "aws_lb",
	"aws_alb_listener":     "aws_lb_listener",
	"aws_alb_target_group": "aws_lb_target_group",
}

// guideType is a Terraform type as the guide calls it.
func guideType(kind string) string {
	if other, found := otherTypes[kind]; found {
		return other
	}
	return kind
}

// ours are the resources of the stack that the guide has, in its order, and those that serve HTTPS.
func ours() []inventory.Resource {
	all := inventory.All()
	for at, each := range all {
		if address, servesHTTPS := withHTTPS[each.Key()]; servesHTTPS {
			all[at].Terraform = address
		}
	}
	return slices.DeleteFunc(all, func(each inventory.Resource) bool { return each.Terraform == "" })
}

// terraformType is the type in the address that the guide gives a resource.
func terraformType(resource inventory.Resource) string {
	kind, _, _ := strings.Cut(resource.Terraform, ".")
	return kind
}

// matches says which resource of the stack each address is: the one that a mapping names, or the one with the type
// and the name of the guide, in whatever module and with whatever index, or what serves HTTPS. unknown is all else.
func matches(state terraformstate.State, mappings []Mapping) (found []Match, unknown []terraformstate.Resource, problems []string) {
	candidates := map[string][]terraformstate.Resource{}
	mapped, problems := resolve(state, mappings)
	balancers := stacksBalancers(state, mapped)
	for _, theirs := range state.Managed {
		target, isMapped := mapped[theirs.Address]
		if !isMapped {
			target = guideAddress(theirs, balancers)
		}
		if isMapped && target == Leave || !isOurs(target) || !isMapped && slices.Contains(targets(mapped), target) {
			unknown = append(unknown, theirs)
			continue
		}
		candidates[target] = append(candidates[target], theirs)
	}
	for _, each := range ours() {
		switch theirs := candidates[each.Terraform]; len(theirs) {
		case 0:
		case 1:
			found = append(found, Match{each, theirs[0]})
		default:
			problems = append(problems, severalFor(each, theirs))
		}
	}
	return found, unknown, problems
}

// severalFor words that several addresses may be the same resource.
func severalFor(ours inventory.Resource, theirs []terraformstate.Resource) string {
	var addresses []string
	for _, each := range theirs {
		addresses = append(addresses, each.Address)
	}
	// What a replacement left over has the address of what took its place: a mapping cannot tell them apart.
	if slices.ContainsFunc(theirs, func(each terraformstate.Resource) bool { return each.Deposed }) {
		return fmt.Sprintf("%s: Terraform has not finished replacing it; run `terraform apply` first", addresses[0])
	}
	return fmt.Sprintf("%s: the stack has one %s, and the state has %s; choose one with %s",
		ours.Terraform, ours.Name, strings.Join(addresses, " and "), mapOption(addresses[0], ours.Name))
}

// resolve turns the names of mappings into addresses of the guide, by the addresses in the state.
func resolve(state terraformstate.State, mappings []Mapping) (map[string]string, []string) {
	mapped := map[string]string{}
	var problems []string
	refuse := func(mapping Mapping, why string) {
		problems = append(problems, fmt.Sprintf("%s: %s", mapOption(mapping.Address, mapping.Name), why))
	}
	for _, mapping := range mappings {
		at := slices.IndexFunc(state.Managed, func(each terraformstate.Resource) bool { return each.Address == mapping.Address })
		if at < 0 {
			refuse(mapping, "the state has no such address; `terraform state list` names all")
			continue
		}
		if _, twice := mapped[mapping.Address]; twice {
			refuse(mapping, "the address is mapped twice")
			continue
		}
		if mapping.Name == Leave {
			mapped[mapping.Address] = Leave
			continue
		}
		kind := guideType(state.Managed[at].Type)
		var names []string
		for _, each := range ours() {
			if terraformType(each) != kind {
				continue
			}
			names = append(names, each.Name)
			if each.Name == mapping.Name {
				mapped[mapping.Address] = each.Terraform
			}
		}
		if mapped[mapping.Address] != "" {
			continue
		}
		if len(names) == 0 {
			refuse(mapping, fmt.Sprintf("the stack has no %s; - leaves it to Terraform", kind))
			continue
		}
		refuse(mapping, fmt.Sprintf("of the type %s the stack has %s; - leaves it to Terraform", kind, strings.Join(names, " and ")))
	}
	return mapped, problems
}

func targets(mapped map[string]string) []string {
	var all []string
	for _, target := range mapped {
		all = append(all, target)
	}
	return all
}

func isOurs(address string) bool {
	return slices.ContainsFunc(ours(), func(each inventory.Resource) bool { return each.Terraform == address })
}
