package adopt

import (
	"fmt"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
	"mediaserver/tools/shellword"
)

// Leave is the name in a mapping that leaves an address to Terraform.
const Leave = "-"

// Mapping says which resource of the stack an address in the state is.
type Mapping struct {
	// Address is an address in the state.
	Address string
	// Name is the logical name of a resource of the stack, or Leave.
	Name string
}

// ParseMapping reads ADDRESS=NAME. The index in an address may hold equals signs.
func ParseMapping(text string) (Mapping, error) {
	at := strings.LastIndex(text, "=")
	if at < 1 || at == len(text)-1 {
		return Mapping{}, fmt.Errorf("%q must be ADDRESS=NAME", text)
	}
	return Mapping{text[:at], text[at+1:]}, nil
}

// mapOption is the option that maps an address to a name, quoted for a shell.
func mapOption(address, name string) string { return "--map " + shellword.Quote(address+"="+name) }

// Match is a resource of the stack that is in the state.
type Match struct {
	Ours   Resource
	Theirs tfstate.Resource
}

// otherTypes are Terraform types that are aliases of the guide's.
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

// match finds the resource of the stack for each address: the one that a mapping names, or that refers to another
// resource of the stack, or that has the guide's type and name, in any module and with any index.
func (a *Adoption) match(state tfstate.State, options Options) []string {
	mapped, problems := resolve(state, options.Mappings)
	inside := func(each tfstate.Resource) bool {
		rest, isInside := strings.CutPrefix(each.Address, options.Module)
		return options.Module == "" || isInside && strings.HasPrefix(rest, ".") || isInside && strings.HasPrefix(rest, "[")
	}
	if options.Module != "" && !slices.ContainsFunc(state.Managed, inside) {
		problems = append(problems, fmt.Sprintf("--module %s: the state has no address in it; `terraform state list` names all",
			shellword.Quote(options.Module)))
	}
	var free []tfstate.Resource
	for _, each := range state.Managed {
		if _, isMapped := mapped[each.Address]; !isMapped && inside(each) {
			free = append(free, each)
		}
	}
	balancers := stacksBalancers(free, state.Managed, mapped)
	for _, ours := range stack {
		var candidates []tfstate.Resource
		for _, theirs := range state.Managed {
			if mapped[theirs.Address] == ours.Address {
				candidates = append(candidates, theirs)
			}
		}
		// Without HTTPS the program has no record, and would delete an adopted one.
		if candidates == nil && (ours.Address != aliasRecord || a.servesHTTPS()) {
			candidates = a.candidates(ours, free, balancers)
		}
		if len(candidates) == 1 {
			a.Matches = append(a.Matches, Match{ours, candidates[0]})
		} else if len(candidates) > 1 {
			// The modules are the same for all resources.
			if several := severalFor(ours, candidates); !slices.Contains(problems, several) {
				problems = append(problems, several)
			}
		}
	}
	for _, ours := range stack {
		if _, isFound := a.find(ours.Address); !isFound && !ours.Optional {
			a.Missing = append(a.Missing, ours)
		}
	}
	for _, theirs := range state.Managed {
		if !slices.ContainsFunc(a.Matches, func(match Match) bool { return match.Theirs.Address == theirs.Address }) {
			a.Unknown = append(a.Unknown, a.judge(theirs))
		}
	}
	return problems
}

// candidates are what may be a resource of the stack.
func (a *Adoption) candidates(ours Resource, free, balancers []tfstate.Resource) []tfstate.Resource {
	var byReference, byName []tfstate.Resource
	for _, theirs := range free {
		if guideType(theirs.Type) != ours.terraformType() {
			continue
		}
		isOf, isKnown := a.belongsTo(ours, theirs)
		hasName := guideAddress(theirs, balancers) == ours.Address
		switch {
		case isKnown && isOf:
			byReference = append(byReference, theirs)
			fallthrough
		case !isKnown:
			if hasName {
				byName = append(byName, theirs)
			}
		}
	}
	if len(byReference) > 0 && len(byName) == 0 {
		return byReference
	}
	return byName
}

// belongsTo tells whether a resource refers to those of the stack that it should, and whether that is known.
func (a *Adoption) belongsTo(ours Resource, theirs tfstate.Resource) (isOf, isKnown bool) {
	isOf = true
	for attribute, of := range ours.Of {
		named := theirs.Text(attribute)
		if ending, isEnding := strings.CutPrefix(of, ":"); isEnding {
			isOf = isOf && strings.HasSuffix(named, ending)
			continue
		}
		parent, isFound := a.find(of)
		if !isFound || named == "" {
			return false, false
		}
		names := []string{parent.Text("id"), parent.Text("arn"), parent.Text("name"), parent.Text("bucket")}
		isOf, isKnown = isOf && slices.Contains(names, named), true
	}
	return isOf, isKnown
}

// severalFor is the problem that several addresses may be the same resource.
func severalFor(ours Resource, theirs []tfstate.Resource) string {
	var addresses, modules, maps []string
	for _, each := range theirs {
		addresses = append(addresses, each.Address)
		maps = append(maps, mapOption(each.Address, ours.Name))
		module := strings.TrimSuffix(each.Address[:strings.LastIndex(each.Address, each.Type+".")], ".")
		if quoted := shellword.Quote(module); module != "" && !slices.Contains(modules, quoted) {
			modules = append(modules, quoted)
		}
	}
	// A resource that a replacement left over has the address of the new one: a mapping cannot tell them apart.
	if slices.ContainsFunc(theirs, func(each tfstate.Resource) bool { return each.Deposed }) {
		return fmt.Sprintf("%s: Terraform has not finished replacing it; run `terraform apply` first", addresses[0])
	}
	if len(modules) == len(theirs) {
		return "the state has the resources of the stack in several modules; choose one with --module " + strings.Join(modules, " or --module ")
	}
	return fmt.Sprintf("%s: the stack has one %s, and the state has %s; choose one with %s",
		ours.Address, ours.Name, strings.Join(addresses, " and "), strings.Join(maps, " or "))
}

// resolve turns the names in mappings into addresses of the guide, keyed by the addresses in the state.
func resolve(state tfstate.State, mappings []Mapping) (map[string]string, []string) {
	mapped := map[string]string{}
	var problems []string
	refuse := func(mapping Mapping, why string) {
		problems = append(problems, fmt.Sprintf("%s: %s", mapOption(mapping.Address, mapping.Name), why))
	}
	for _, mapping := range mappings {
		at := slices.IndexFunc(state.Managed, func(each tfstate.Resource) bool { return each.Address == mapping.Address })
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
		for _, each := range stack {
			if each.terraformType() != kind {
				continue
			}
			names = append(names, each.Name)
			if each.Name == mapping.Name {
				mapped[mapping.Address] = each.Address
			}
		}
		switch {
		case mapped[mapping.Address] != "":
		case len(names) == 0:
			refuse(mapping, fmt.Sprintf("the stack has no %s; - leaves it to Terraform", kind))
		default:
			refuse(mapping, fmt.Sprintf("of the type %s the stack has %s; - leaves it to Terraform", kind, strings.Join(names, " and ")))
		}
	}
	return mapped, problems
}

// Unknown is an address that is not a resource of the stack.
type Unknown struct {
	Address string
	// Suggestion is the option that maps it to a missing resource of its type. Empty if none is missing.
	Suggestion string
	// Belongs names the resource of the stack of which it is a part, so that it must leave Terraform too. Empty if
	// it may stay.
	Belongs string
}

// judge tells whether an unknown address may be a resource of the stack under another name, or a part of one.
func (a *Adoption) judge(theirs tfstate.Resource) Unknown {
	unknown := Unknown{Address: theirs.Address, Belongs: a.belongs(theirs)}
	for _, ours := range a.Missing {
		if ours.terraformType() == guideType(theirs.Type) && unknown.Belongs == "" {
			unknown.Suggestion = mapOption(theirs.Address, ours.Name)
			break
		}
	}
	return unknown
}

// belongs names the resource of the stack that includes, in the program, what is a separate resource in Terraform. If
// it stayed there, the two would undo each other's changes.
func (a *Adoption) belongs(theirs tfstate.Resource) string {
	switch theirs.Type {
	case "aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule":
		for _, address := range []string{"aws_security_group.alb", "aws_security_group.ecs_tasks"} {
			if group, isFound := a.find(address); isFound && group.Text("id") == theirs.Text("security_group_id") {
				return group.Address + ", which states all its rules itself"
			}
		}
	case "aws_iam_role_policy":
		role, isFound := a.find(executionRole)
		if isFound && role.Text("name") == theirs.Text("role") {
			return role.Address + ", which states its only inline policy itself: it reads the secrets of the container"
		}
	}
	return ""
}

// suggestionsIn lists the options that map unknown addresses to missing resources.
func suggestionsIn(unknown []Unknown) string {
	var all strings.Builder
	for _, each := range unknown {
		if each.Suggestion != "" {
			all.WriteString("\n  " + each.Suggestion)
		}
	}
	if all.Len() == 0 {
		return ""
	}
	return " If it is, say which is which:" + all.String()
}

// suggestionsFor lists the options that map an address to a missing resource, or shows the form of one.
func (a *Adoption) suggestionsFor(ours Resource, state tfstate.State) string {
	var options []string
	for _, each := range state.Managed {
		if guideType(each.Type) == ours.terraformType() {
			options = append(options, mapOption(each.Address, ours.Name))
		}
	}
	if options == nil {
		return "--map 'ADDRESS=" + ours.Name + "'"
	}
	return strings.Join(options, " or ")
}
