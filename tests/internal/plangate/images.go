package plangate

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// imageExpiry is a rule of an image repository's lifecycle by which images go (Amazon ECR user guide, "Lifecycle
// policy properties").
type imageExpiry struct {
	RulePriority int            `json:"rulePriority"`
	Selection    map[string]any `json:"selection"`
	Action       map[string]any `json:"action"`
}

// number is how many images, or days of images, stay.
func (e imageExpiry) number() (float64, bool) { return number(value{e.Selection["countNumber"]}) }

// sameButNumber tells whether two rules pick the same images and do the same with them.
func (e imageExpiry) sameButNumber(other imageExpiry) bool {
	without := func(rule imageExpiry) map[string]any {
		selection := map[string]any{}
		for name, content := range rule.Selection {
			if name != "countNumber" {
				selection[name] = content
			}
		}
		return selection
	}
	return reflect.DeepEqual(without(e), without(other)) && reflect.DeepEqual(e.Action, other.Action)
}

// String shows the rule in a report.
func (e imageExpiry) String() string {
	return fmt.Sprintf("rule %d %s", e.RulePriority, value{e.Selection})
}

// imagesExpireNoSooner is the rule for a repository's lifecycle. A rule hides the images that it picks from those
// behind it, so what is left of the rules must be the first of the old ones, with numbers that are no smaller.
func imagesExpireNoSooner(path, why string) rule {
	return func(before, after properties) []Weakening {
		old, _ := readImageExpiries(before.at(path))
		changed, readable := readImageExpiries(after.at(path))
		if !readable {
			return weaker(path, before, after, why)
		}
		for i, each := range changed {
			if i >= len(old) {
				return []Weakening{{path, "no such rule", each.String(), why}}
			}
			kept, isNumber := old[i].number()
			keeps, isAlsoNumber := each.number()
			if !each.sameButNumber(old[i]) || !isNumber || !isAlsoNumber || keeps < kept {
				return []Weakening{{path, old[i].String(), each.String(), why}}
			}
		}
		return nil
	}
}

// readImageExpiries reads the rules in the order of their priorities. It returns false if they are not known or
// cannot be read.
func readImageExpiries(policy value) ([]imageExpiry, bool) {
	if policy.content == nil {
		return nil, true
	}
	if !policy.known() {
		return nil, false
	}
	var document struct {
		Rules []imageExpiry `json:"rules"`
	}
	if err := json.Unmarshal([]byte(policy.text()), &document); err != nil {
		return nil, false
	}
	slices.SortStableFunc(document.Rules, func(a, b imageExpiry) int { return a.RulePriority - b.RulePriority })
	return document.Rules, true
}
