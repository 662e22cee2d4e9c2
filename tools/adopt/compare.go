package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mediaserver/tools/adopt/tfstate"
	"mediaserver/tools/shellword"
)

// Difference is an attribute that the first update changes.
type Difference struct {
	// Address is the address in Terraform's state.
	Address string
	// Attribute is the attribute, with the names of its blocks before it.
	Attribute string
	// Change says what it is and what it becomes. It holds no value that may be a secret.
	Change string
	// Why says what that would break. Empty for a change that is not refused.
	Why string
	// IsFixed tells that the difference cannot be accepted.
	IsFixed bool
}

// key names the difference in --accept.
func (d Difference) key() string { return d.Address + ":" + d.Attribute }

// compareAll finds what the first update changes, and refuses what would break the application unless it is accepted.
func (a *Adoption) compareAll(accepted []string) {
	for _, match := range a.Matches {
		// A random value stays, however it was drawn.
		if match.Ours.Import != "" || match.Ours.Address == taskDefinition {
			a.Differences = append(a.Differences, a.compare(match)...)
		}
	}
	unused := slices.Clone(accepted)
	for _, each := range a.Differences {
		switch {
		case each.Why == "":
		case each.IsFixed:
			a.refuse("%s: %s: %s: %s", each.Address, each.Attribute, each.Change, each.Why)
		case slices.Contains(accepted, each.key()):
			unused = slices.DeleteFunc(unused, func(key string) bool { return key == each.key() })
		default:
			a.refuse("%s: %s: %s: %s (--accept %s)",
				each.Address, each.Attribute, each.Change, each.Why, shellword.Quote(each.key()))
		}
	}
	for _, each := range unused {
		a.refuse("--accept %s: nothing is refused there that could be accepted", each)
	}
}

// values are the values of {KEY} in resources.yaml: several if a setting is a list, nil if the value is unknown.
func (a *Adoption) values(key string) []string {
	var value any
	if at := strings.LastIndex(key, "."); at > 0 {
		theirs, _ := a.find(key[:at])
		value = theirs.At(key[at+1:])
	} else if value = a.setting(key); value != nil {
		if list, isList := value.([]string); isList {
			return list
		}
	}
	if isEmpty(value) {
		return nil
	}
	return tfstate.Texts(value)
}

// rule is what resources.yaml says about an attribute.
type rule struct {
	verb  verb
	value any
}

type verb int

const (
	keeps verb = iota
	takes
	states
	changes
)

// comparison compares a resource as it is with what the program states.
type comparison struct {
	ours    Resource
	address string
	rules   map[string]rule
	// values returns the values of {KEY} in the table.
	values func(key string) []string
	// seen are the attributes in the table that the resource has.
	seen  map[string]bool
	found []Difference
}

// always are attributes of any type that AWS or Terraform sets, and the tags, which findCommonTags compares.
var always = []string{"id", "arn", "name_prefix", "owner_id", "region", "tags", "tags_all", "timeouts"}

// compare lists the attributes of a resource that the first update changes.
func (a *Adoption) compare(match Match) []Difference {
	c := comparison{
		ours: match.Ours, address: match.Theirs.Address, rules: rules(match.Ours, a.servesHTTPS()), values: a.values,
		seen: map[string]bool{},
	}
	attributes := match.Theirs.Attributes
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		c.walk(name, attributes[name])
	}
	for _, path := range slices.Sorted(maps.Keys(c.rules)) {
		// If the state does not mention an attribute, the provider was too old to know it.
		block, _, isInBlock := strings.Cut(path, ".")
		if _, isThere := attributes[block]; isThere && isInBlock && !c.seen[path] {
			c.judge(path, nil)
		}
	}
	return c.found
}

// rules are what the table says about a resource, by attribute.
func rules(ours Resource, servesHTTPS bool) map[string]rule {
	rules := map[string]rule{}
	var add func(prefix string, verb verb, values map[string]any)
	// A mapping inside a mapping is a block.
	add = func(prefix string, verb verb, values map[string]any) {
		for name, value := range values {
			if block, isBlock := value.(map[string]any); isBlock {
				add(prefix+name+".", verb, block)
			} else {
				rules[prefix+name] = rule{verb, value}
			}
		}
	}
	for _, path := range slices.Concat(always, ours.Keeps, slices.Collect(maps.Keys(ours.Named)), slices.Collect(maps.Keys(ours.Of))) {
		rules[path] = rule{verb: keeps}
	}
	for path, key := range ours.Takes {
		rules[path] = rule{takes, "{" + key + "}"}
	}
	add("", states, ours.States)
	add("", changes, ours.Changes)
	if servesHTTPS {
		add("", changes, ours.WithHTTPS)
	} else {
		add("", states, ours.WithoutHTTPS)
	}
	return rules
}

// walk compares an attribute, or the attributes in a block.
func (c *comparison) walk(path string, value any) {
	_, isListed := c.rules[path]
	isIn := func(block string) bool { return strings.HasPrefix(path, block+".") }
	isLost := !c.hasBelow(path) && slices.ContainsFunc(c.ours.Closed, isIn)
	members, isList := value.([]any)
	if isList && len(members) == 1 && !isListed && !isLost {
		value = members[0]
	}
	block, isBlock := value.(map[string]any)
	switch {
	case isListed:
		c.seen[path] = true
		c.judge(path, value)
	case isBlock && !isLost:
		for _, name := range slices.Sorted(maps.Keys(block)) {
			c.walk(path+"."+name, block[name])
		}
	case isList && len(members) > 1 && c.hasBelow(path):
		c.report(path, states, "there are %d, and the program has one", len(members))
	case isOff(value):
	case isLost:
		c.report(path, states, "is removed")
	default:
		c.report(path, changes, "this tool does not know it; `pulumi preview` shows what happens to it")
	}
}

// hasBelow tells whether the table lists anything in a block.
func (c *comparison) hasBelow(path string) bool {
	for each := range c.rules {
		if strings.HasPrefix(each, path+".") {
			return true
		}
	}
	return false
}

// judge compares an attribute that the table lists with its present value: nil if the resource lacks it.
func (c *comparison) judge(path string, value any) {
	rule, now := c.rules[path], tfstate.Text(value)
	if rule.verb == keeps || rule.verb == takes && value != nil {
		return
	}
	if members, isList := rule.value.([]any); isList {
		c.judgeSet(path, rule.verb, members, value)
		return
	}
	filled := fill(tfstate.Text(rule.value), c.values)
	if filled == nil {
		return
	}
	wanted := strings.Join(filled, ", ")
	limit, isLimit := strings.CutPrefix(wanted, "<= ")
	alternatives := strings.Split(wanted, "|")
	isThere := slices.ContainsFunc(alternatives, func(each string) bool { return equal(now, each) })
	isTold := rule.verb == changes && strings.Contains(wanted, " ") && !isLimit
	switch {
	case (isTold || isLimit) && value == nil:
	case isLimit && (now == "" || number(now) == number(limit)):
	case isLimit && number(now) < number(limit):
		c.report(path, changes, "%s → %s", now, limit)
	case isLimit:
		c.report(path, rule.verb, "%s → %s", now, limit)
	case isThere || isOff(value) && (isOff(wanted) || wanted == "none"):
	case isTold || wanted == "none":
		c.report(path, rule.verb, "becomes: %s", wanted)
	case isEmpty(value) && wanted == "true":
		c.report(path, changes, "is added")
	case isEmpty(value):
		c.report(path, changes, "not set → %s", alternatives[0])
	case wanted == "":
		c.report(path, rule.verb, "is removed")
	default:
		c.report(path, rule.verb, "%s → %s", now, alternatives[0])
	}
}

// judgeSet compares lists without regard to order.
func (c *comparison) judgeSet(path string, verb verb, wanted []any, value any) {
	var ours, theirs []string
	for _, member := range wanted {
		filled := fill(c.member(path, member), c.values)
		if filled == nil {
			return
		}
		ours = append(ours, filled...)
	}
	members, _ := value.([]any)
	for _, member := range members {
		theirs = append(theirs, c.member(path, member))
	}
	without := func(all, others []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(each string) bool { return slices.Contains(others, each) })
	}
	if removed := without(theirs, ours); len(removed) > 0 {
		c.report(path, verb, "%s is removed", strings.Join(removed, ", "))
	}
	if added := without(ours, theirs); len(added) > 0 {
		c.report(path, changes, "%s is added", strings.Join(added, ", "))
	}
}

// member is a member of a set as a text: of a block, the attributes that are set and compared.
func (c *comparison) member(path string, member any) string {
	block, isBlock := member.(map[string]any)
	if !isBlock {
		return tfstate.Text(member)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(block)) {
		if rule, isListed := c.rules[path+"."+name]; isOff(block[name]) || isListed && rule.verb == keeps {
			continue
		}
		parts = append(parts, name+" "+tfstate.Text(block[name]))
	}
	return strings.Join(parts, ", ")
}

// report adds a difference. It is refused unless the table lists the attribute under changes.
func (c *comparison) report(path string, verb verb, format string, arguments ...any) {
	difference := Difference{Address: c.address, Attribute: path, Change: fmt.Sprintf(format, arguments...)}
	if verb != changes {
		difference.Why, difference.IsFixed = c.why(path), slices.Contains(c.ours.Fixed, path)
	}
	c.found = append(c.found, difference)
}

// why explains a refused difference, with what the table says about the attribute, or about the block around it.
func (c *comparison) why(path string) string {
	why, at := c.ours.Why[path], strings.LastIndex(path, ".")
	if why == "" && at > 0 {
		return c.why(path[:at])
	}
	why = cmp.Or(why, "the program sets another value. Set that value with Terraform first, or change the program to keep yours and use the option")
	return strings.ReplaceAll(why, "{leave}", mapOption(c.address, Leave))
}

// number is a number in a text, or 0.
func number(text string) float64 {
	number, _ := strconv.ParseFloat(text, 64)
	return number
}

// equal compares texts, and numbers by their value: 70 may be written 70.0.
func equal(one, other string) bool {
	first, err := strconv.ParseFloat(one, 64)
	second, err2 := strconv.ParseFloat(other, 64)
	return one == other || err == nil && err2 == nil && first == second
}

// isEmpty tells whether an attribute has no value, and isOff whether it has none or one that switches it off.
func isEmpty(value any) bool { return slices.Contains([]string{"", "[]", "{}"}, tfstate.Text(value)) }

func isOff(value any) bool {
	switch value := value.(type) {
	case []any:
		return !slices.ContainsFunc(value, func(member any) bool { return !isOff(member) })
	case map[string]any:
		for _, member := range value {
			if !isOff(member) {
				return false
			}
		}
		return true
	}
	return slices.Contains([]string{"", "0", "false"}, tfstate.Text(value))
}
