package plangate

import (
	"fmt"
	"reflect"
	"slices"
)

// expiry is a rule of a bucket's lifecycle by which media goes for good.
type expiry struct {
	// what goes: current files, or the versions that were overwritten or deleted.
	what string
	// filter picks the files. Nil picks all.
	filter any
	// days is how long they stay. Zero if the rule names a date instead.
	days float64
	// date is the day on which they go. Empty if the rule names days.
	date string
	// keep is how many newer versions stay besides. Only for overwritten and deleted ones.
	keep float64
}

// expiresNoSooner is the rule for a bucket's lifecycle: no media may expire that did not, and none sooner. Moving
// it to another storage class loses nothing.
func expiresNoSooner(path, why string) rule {
	return func(before, after properties) []Weakening {
		old, _ := readExpiries(before.at(path))
		changed, readable := readExpiries(after.at(path))
		if !readable {
			return weaker(path, before, after, why)
		}
		var found []Weakening
		for _, each := range changed {
			if !slices.ContainsFunc(old, func(earlier expiry) bool { return earlier.includes(each) }) {
				found = append(found, Weakening{Property: path, From: describeExpiries(old, each.what), To: each.String(), Why: why})
			}
		}
		return found
	}
}

// readExpiries finds the enabled rules by which media goes. It returns false if a part is not known.
func readExpiries(rules value) ([]expiry, bool) {
	if rules.content == nil {
		return nil, true
	}
	if !rules.known() {
		return nil, false
	}
	var all []expiry
	for _, element := range rules.list() {
		rule, _ := element.(map[string]any)
		each := properties(rule)
		if each.at("status").is("Disabled") {
			continue
		}
		filter := each.at("filter").content
		if object, isObject := filter.(map[string]any); isObject && len(object) == 0 {
			filter = nil
		}
		// The older way to pick files.
		if prefix := each.at("prefix").text(); prefix != "" {
			filter = map[string]any{"prefix": prefix}
		}
		days, isNumber := number(each.at("expiration.days"))
		oldDays, isAlsoNumber := number(each.at("noncurrentVersionExpiration.noncurrentDays"))
		keep, isNumberToo := number(each.at("noncurrentVersionExpiration.newerNoncurrentVersions"))
		if rule == nil || !isNumber || !isAlsoNumber || !isNumberToo {
			return nil, false
		}
		if expiration := each.at("expiration"); expiration.content != nil {
			date := each.at("expiration.date").text()
			// A rule may only tidy up markers of deleted files.
			if days > 0 || date != "" {
				all = append(all, expiry{what: "files", filter: filter, days: days, date: date})
			}
		}
		if each.at("noncurrentVersionExpiration").content != nil {
			all = append(all, expiry{what: "old versions", filter: filter, days: oldDays, keep: keep})
		}
	}
	return all, true
}

// includes tells whether the other rule lets go only what this one lets go, and no sooner.
func (e expiry) includes(other expiry) bool {
	return e.what == other.what && (e.filter == nil || reflect.DeepEqual(e.filter, other.filter)) &&
		e.date == other.date && e.days <= other.days && e.keep <= other.keep
}

func (e expiry) String() string {
	text := e.what
	if e.filter != nil {
		text += " with the filter " + value{e.filter}.String()
	}
	if e.date != "" {
		return text + " expire on " + e.date
	}
	text += " expire after " + count(e.days, "day")
	if e.keep > 0 {
		text += fmt.Sprintf(", the newest %g of them not", e.keep)
	}
	return text
}

func describeExpiries(all []expiry, what string) string {
	text := ""
	for _, each := range all {
		if each.what == what {
			if text != "" {
				text += "; "
			}
			text += each.String()
		}
	}
	if text == "" {
		return what + " never expire"
	}
	return text
}
