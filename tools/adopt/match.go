package adopt

import (
	"fmt"
	"path"
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

// Unknown is an address that is not a resource of the stack.
type Unknown struct {
	Address string
	// Suggestion is the option that maps it to a missing resource of its type. Empty if none is missing.
	Suggestion string
	// Belongs names the resource of the stack of which it is a part, so that it must leave Terraform too: the program
	// states the whole, and the two would undo each other's changes. Empty if it may stay.
	Belongs string
}

// guideType is a Terraform type as the guide calls it. Some have an alias.
func guideType(kind string) string {
	if rest, isAlias := strings.CutPrefix(kind, "aws_alb"); isAlias {
		return "aws_lb" + rest
	}
	return kind
}

// match finds the resource of the stack for each address: the one that a mapping names, or that refers to another
// resource of the stack, or that has the guide's type and name, in any module and with any index.
func (a *Adoption) match(options Options) {
	mapped := a.resolve(options.Mappings)
	isInside := func(each tfstate.Resource) bool {
		rest, isInside := strings.CutPrefix(each.Address, options.Module)
		return options.Module == "" || isInside && strings.HasPrefix(rest, ".") || isInside && strings.HasPrefix(rest, "[")
	}
	if !slices.ContainsFunc(a.state.Managed, isInside) {
		a.refuse("--module %s: the state has no address in it; `terraform state list` names all", shellword.Quote(options.Module))
	}
	for _, ours := range stack {
		var chosen, byName, byReference []tfstate.Resource
		for _, theirs := range a.state.Managed {
			name, isMapped := mapped[theirs.Address]
			isElsewhere := isMapped && name != ours.Address || !isMapped && !isInside(theirs)
			if isElsewhere || guideType(theirs.Type) != ours.terraformType() {
				continue
			}
			isOf, why := a.relation(ours, theirs)
			switch {
			case isMapped:
				chosen = append(chosen, theirs)
				if why != "" {
					a.refuse("%s: %s, and it would be replaced; map another one, or leave it to Terraform with %s",
						theirs.Address, why, mapOption(theirs.Address, Leave))
				}
			// Without HTTPS the program has no record, and would delete an adopted one. A record that is no alias leads
			// elsewhere, and users with it.
			case why != "" || ours.Address == aliasRecord && (!a.servesHTTPS() || theirs.Text("alias.name") == ""):
			case guideType(theirs.Type)+"."+theirs.Name == ours.Address:
				byName = append(byName, theirs)
			case isOf:
				byReference = append(byReference, theirs)
			}
		}
		for _, candidates := range [][]tfstate.Resource{chosen, byName, byReference} {
			if len(candidates) == 0 {
				continue
			}
			a.Matches = append(a.Matches, Match{ours, candidates[0]})
			switch {
			// A resource that a replacement left over has the address of the new one.
			case slices.ContainsFunc(candidates, func(each tfstate.Resource) bool { return each.Replacing }):
				a.refuse("%s: Terraform is about to replace it; finish that with `terraform apply`, or cancel it with "+
					"`terraform untaint`", candidates[0].Address)
			case len(candidates) > 1:
				a.refuseSeveral(ours, candidates)
			}
			break
		}
	}
	a.judgeRest()
}

// relation tells whether a resource refers to those of the stack that it should, as far as is known, and why it does not.
func (a *Adoption) relation(ours Resource, theirs tfstate.Resource) (isOf bool, why string) {
	for attribute, of := range ours.Of {
		found := theirs.Text(attribute)
		if _, isReference := resourceAt(of); !isReference {
			if fits, _ := path.Match(of, found); !fits {
				return false, fmt.Sprintf("its %s is %q, and not %q as in the stack", attribute, found, of)
			}
			continue
		}
		parent, _ := a.find(of)
		names := func(each string) bool { return plainName(parent.Text(each)) == plainName(found) }
		if found != "" && !slices.ContainsFunc([]string{"id", "arn", "name", "bucket", "dns_name"}, names) {
			return false, fmt.Sprintf("its %s is %s, and not that of the stack's %s", attribute, found, of)
		}
		isOf = isOf || found != ""
	}
	return isOf, ""
}

// plainName is a domain name in lower case without a final dot, and without what Route 53's console writes in front of an
// alias. It does nothing to most other names.
func plainName(name string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSuffix(name, ".")), "dualstack.")
}

// refuseSeveral reports that several addresses may be the same resource.
func (a *Adoption) refuseSeveral(ours Resource, theirs []tfstate.Resource) {
	var addresses, modules, maps []string
	for _, each := range theirs {
		addresses = append(addresses, each.Address)
		maps = append(maps, mapOption(each.Address, ours.Name))
		module := strings.TrimSuffix(each.Address[:strings.LastIndex(each.Address, each.Type+".")], ".")
		if quoted := shellword.Quote(module); module != "" && !slices.Contains(modules, quoted) {
			modules = append(modules, quoted)
		}
	}
	// The modules are the same for all resources.
	if len(modules) == len(theirs) {
		a.refuse("the state has the resources of the stack in several modules; choose one with --module %s",
			strings.Join(modules, " or --module "))
		return
	}
	a.refuse("%s: the stack has one %s, and the state has %s; choose one with %s",
		ours.Address, ours.Name, strings.Join(addresses, " and "), strings.Join(maps, " or "))
}

// resolve turns the names in mappings into addresses of the guide, keyed by the addresses in the state.
func (a *Adoption) resolve(mappings []Mapping) map[string]string {
	mapped := map[string]string{}
	for _, mapping := range mappings {
		option := mapOption(mapping.Address, mapping.Name)
		at := slices.IndexFunc(a.state.Managed, func(each tfstate.Resource) bool { return each.Address == mapping.Address })
		if at < 0 {
			a.refuse("%s: the state has no such address; `terraform state list` names all", option)
			continue
		}
		if mapped[mapping.Address] != "" {
			a.refuse("%s: the address is mapped twice", option)
		}
		kind, names := guideType(a.state.Managed[at].Type), []string{Leave}
		if mapping.Name == Leave {
			mapped[mapping.Address] = Leave
		}
		for _, each := range stack {
			if each.terraformType() == kind {
				names = append(names, each.Name)
				if each.Name == mapping.Name {
					mapped[mapping.Address] = each.Address
				}
			}
		}
		if mapped[mapping.Address] == "" {
			a.refuse("%s: the name of an %s must be %s; - leaves it to Terraform", option, kind, strings.Join(names, " or "))
		}
	}
	return mapped
}

// judgeRest tells which resources are missing, and what the addresses are that are no resources of the stack.
func (a *Adoption) judgeRest() {
	for _, ours := range stack {
		if _, isFound := a.find(ours.Address); !isFound && !ours.Optional {
			a.Missing = append(a.Missing, ours)
		}
	}
	for _, theirs := range a.state.Managed {
		if slices.ContainsFunc(a.Matches, func(match Match) bool { return match.Theirs.Address == theirs.Address }) {
			continue
		}
		unknown := Unknown{Address: theirs.Address}
		for _, match := range a.Matches {
			if match.hasPart(theirs) {
				unknown.Belongs = match.Ours.Address
			}
		}
		for _, ours := range slices.Backward(a.Missing) {
			if ours.terraformType() == guideType(theirs.Type) && unknown.Belongs == "" {
				unknown.Suggestion = mapOption(theirs.Address, ours.Name)
			}
		}
		a.Unknown = append(a.Unknown, unknown)
	}
}

// hasPart tells whether a resource of Terraform is a part of this one.
func (m Match) hasPart(theirs tfstate.Resource) bool {
	attribute, isPart := m.Ours.Parts[theirs.Type]
	return isPart && slices.Contains([]string{m.Theirs.Text("id"), m.Theirs.Text("name")}, theirs.Text(attribute))
}

// suggestions lists the options that map an address to a resource of the stack, or shows the form of one.
func (a *Adoption) suggestions(address string) string {
	ours, _ := resourceAt(address)
	var options []string
	for _, each := range a.state.Managed {
		if guideType(each.Type) == ours.terraformType() {
			options = append(options, mapOption(each.Address, ours.Name))
		}
	}
	if options == nil {
		return "--map 'ADDRESS=" + ours.Name + "'"
	}
	return strings.Join(options, " or ")
}
