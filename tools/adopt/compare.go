package adopt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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

// refusal says why the difference is refused, and which option accepts it.
func (d Difference) refusal() string {
	refusal := fmt.Sprintf("%s: %s: %s: %s", d.Address, d.Attribute, d.Change, d.Why)
	if d.IsFixed {
		return refusal
	}
	return refusal + " (--accept " + shellword.Quote(d.key()) + ")"
}

// key names the difference in --accept.
func (d Difference) key() string { return d.Address + ":" + d.Attribute }

// rule is what resources.yaml says about an attribute.
type rule struct {
	verb  verb
	value any
}

type verb int

const (
	keeps verb = iota
	takes
	accepts
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
	// seen are the attributes that the resource has.
	seen  map[string]bool
	found []Difference
}

// always are attributes of any type that AWS or Terraform sets, and the tags, which commonTags compares.
var always = []string{"id", "arn", "name_prefix", "owner_id", "region", "tags", "tags_all", "timeouts"}

// compare lists the attributes of a resource that the first update changes.
func compare(match Match, servesHTTPS bool, values func(key string) []string) []Difference {
	c := comparison{ours: match.Ours, address: match.Theirs.Address, rules: map[string]rule{}, values: values, seen: map[string]bool{}}
	for _, path := range slices.Concat(always, match.Ours.Keeps) {
		c.rules[path] = rule{verb: keeps}
	}
	for path, key := range match.Ours.Takes {
		c.rules[path] = rule{takes, "{" + key + "}"}
	}
	for path := range match.Ours.Named {
		c.rules[path] = rule{verb: keeps}
	}
	for path := range match.Ours.Of {
		c.rules[path] = cmp.Or(c.rules[path], rule{verb: keeps})
	}
	for path, values := range match.Ours.Accepts {
		c.rules[path] = rule{accepts, values}
	}
	c.add("", states, match.Ours.States)
	c.add("", changes, match.Ours.Changes)
	if servesHTTPS {
		c.add("", changes, match.Ours.WithHTTPS)
	} else {
		c.add("", states, match.Ours.WithoutHTTPS)
	}
	for _, name := range slices.Sorted(maps.Keys(match.Theirs.Attributes)) {
		c.walk(name, match.Theirs.Attributes[name])
	}
	c.addMissing(match.Theirs.Attributes)
	return c.found
}

// add adds the rules in a mapping of the table. A mapping inside it is a block.
func (c *comparison) add(prefix string, verb verb, values map[string]any) {
	for name, value := range values {
		if block, isBlock := value.(map[string]any); isBlock {
			c.add(prefix+name+".", verb, block)
			continue
		}
		c.rules[prefix+name] = rule{verb, value}
	}
}

// walk compares an attribute, or the attributes in a block.
func (c *comparison) walk(path string, value any) {
	c.seen[path] = true
	if rule, isListed := c.rules[path]; isListed {
		c.judge(path, rule, value)
		return
	}
	isLost := c.isClosed(path) && !c.hasBelow(path)
	if members, isList := value.([]any); isList && !isLost {
		if len(members) == 1 {
			value = members[0]
		} else if len(members) > 1 && c.hasBelow(path) {
			c.report(path, states, fmt.Sprintf("there are %d, and the program has one", len(members)))
			return
		}
	}
	if block, isBlock := value.(map[string]any); isBlock && !isLost {
		for _, name := range slices.Sorted(maps.Keys(block)) {
			c.walk(path+"."+name, block[name])
		}
		return
	}
	switch {
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

func (c *comparison) isClosed(path string) bool {
	return slices.ContainsFunc(c.ours.Closed, func(block string) bool { return strings.HasPrefix(path, block+".") })
}

// judge compares an attribute that the table lists.
func (c *comparison) judge(path string, rule rule, now any) {
	switch rule.verb {
	case keeps, takes:
		return
	case accepts:
		if values := rule.value.([]string); !slices.Contains(values, text(now)) {
			c.report(path, states, fmt.Sprintf("it is %s, but the program needs %s", text(now), values[0]))
		}
		return
	}
	if members, isList := rule.value.([]any); isList {
		c.judgeSet(path, rule.verb, members, now)
		return
	}
	wanted, isKnown := c.fill(text(rule.value))
	if !isKnown {
		return
	}
	if limit, isLimit := strings.CutPrefix(wanted, "<= "); isLimit {
		c.judgeLimit(path, rule.verb, limit, now)
		return
	}
	switch isText := isText(rule.value); {
	case equal(text(now), wanted), isOff(now) && (isOff(rule.value) || wanted == "none"):
	case rule.verb == changes && isText && strings.Contains(wanted, " ") || wanted == "none":
		c.report(path, rule.verb, "becomes: "+wanted)
	case isEmpty(now):
		c.report(path, changes, setTo(wanted))
	case wanted == "":
		c.report(path, rule.verb, "is removed")
	default:
		c.report(path, rule.verb, text(now)+" → "+wanted)
	}
}

// judgeLimit compares a number that may be below the limit without harm.
func (c *comparison) judgeLimit(path string, verb verb, limit string, now any) {
	most, _ := strconv.ParseFloat(limit, 64)
	number, err := strconv.ParseFloat(text(now), 64)
	switch {
	case err != nil || number == most:
	case number < most:
		c.report(path, changes, text(now)+" → "+limit)
	default:
		c.report(path, verb, text(now)+" → "+limit)
	}
}

// judgeSet compares lists without regard to order.
func (c *comparison) judgeSet(path string, verb verb, wanted []any, now any) {
	var ours, theirs []string
	for _, member := range wanted {
		filled := fill(c.member(path, member), c.values)
		if filled == nil {
			return
		}
		ours = append(ours, filled...)
	}
	members, _ := now.([]any)
	for _, member := range members {
		theirs = append(theirs, c.member(path, member))
	}
	without := func(all, others []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(each string) bool { return slices.Contains(others, each) })
	}
	if removed := without(theirs, ours); len(removed) > 0 {
		c.report(path, verb, strings.Join(removed, ", ")+" is removed")
	}
	if added := without(ours, theirs); len(added) > 0 {
		c.report(path, changes, strings.Join(added, ", ")+" is added")
	}
}

// member is a member of a set as a text: of a block, the attributes that are set and compared.
func (c *comparison) member(path string, member any) string {
	block, isBlock := member.(map[string]any)
	if !isBlock {
		return text(member)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(block)) {
		if rule, isListed := c.rules[path+"."+name]; isOff(block[name]) || isListed && rule.verb == keeps {
			continue
		}
		parts = append(parts, name+" "+text(block[name]))
	}
	return strings.Join(parts, ", ")
}

// addMissing reports what the program states and the resource lacks.
func (c *comparison) addMissing(attributes map[string]any) {
	for _, path := range slices.Sorted(maps.Keys(c.rules)) {
		rule := c.rules[path]
		block, _, isInBlock := strings.Cut(path, ".")
		// If the state does not mention an attribute, the provider was too old to know it.
		if _, isThere := attributes[block]; !isThere || !isInBlock || c.seen[path] || rule.verb == accepts || isOff(rule.value) {
			continue
		}
		if members, isList := rule.value.([]any); isList {
			c.judgeSet(path, rule.verb, members, nil)
			continue
		}
		wanted, isKnown := c.fill(text(rule.value))
		if isKnown && !strings.HasPrefix(wanted, "<=") && !strings.Contains(wanted, " ") && !slices.Contains([]string{"", "none", "false", "0"}, wanted) {
			c.report(path, changes, setTo(wanted))
		}
	}
}

// setTo words the change of an attribute that was not set.
func setTo(value string) string {
	if value == "true" {
		return "is added"
	}
	return "not set → " + value
}

// fill returns a text of the table with its values filled in, and whether all of them are known.
func (c *comparison) fill(text string) (string, bool) {
	filled := fill(text, c.values)
	return strings.Join(filled, ", "), filled != nil
}

// report adds a difference. It is refused unless the table lists the attribute under changes.
func (c *comparison) report(path string, verb verb, change string) {
	difference := Difference{Address: c.address, Attribute: path, Change: change}
	if verb != changes {
		difference.Why, difference.IsFixed = c.why(path), slices.Contains(c.ours.Fixed, path)
	}
	c.found = append(c.found, difference)
}

// why explains a refused difference, with what the table says about the attribute, or about the block around it.
func (c *comparison) why(path string) string {
	for {
		if why := c.ours.Why[path]; why != "" {
			return strings.ReplaceAll(why, "{leave}", mapOption(c.address, Leave))
		}
		at := strings.LastIndex(path, ".")
		if at < 0 {
			return "the program sets another value. Set that value with Terraform first, or change the program to keep yours and use the option"
		}
		path = path[:at]
	}
}

// text is a plain value as a text; a list is in brackets, and a block as JSON.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case json.Number:
		return value.String()
	case []any:
		return "[" + strings.Join(texts(value), " ") + "]"
	case map[string]any:
		encoded, _ := json.Marshal(value)
		return string(encoded)
	}
	return fmt.Sprint(value)
}

// texts are the members of a list as texts, or one plain value.
func texts(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []string:
		return slices.Clone(value)
	case []any:
		var all []string
		for _, member := range value {
			all = append(all, text(member))
		}
		return all
	}
	return []string{text(value)}
}

func isText(value any) bool {
	_, isText := value.(string)
	return isText
}

// equal compares texts, and numbers by their value: 70 may be written 70.0.
func equal(one, other string) bool {
	first, err := strconv.ParseFloat(one, 64)
	second, err2 := strconv.ParseFloat(other, 64)
	return one == other || err == nil && err2 == nil && first == second
}

// isEmpty tells whether an attribute has no value, and isOff whether it has none or one that switches it off.
func isEmpty(value any) bool { return slices.Contains([]string{"", "[]", "{}"}, text(value)) }

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
	return slices.Contains([]string{"", "0", "false"}, text(value))
}
