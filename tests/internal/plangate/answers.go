package plangate

import (
	"slices"
	"strconv"
	"strings"
)

// acceptsNoMoreAnswers is the rule for the answers that count as healthy: numbers and ranges of them, such as
// 200-299,304. Absent means 200 (Elastic Load Balancing API reference, Matcher).
func acceptsNoMoreAnswers(path, why string) rule {
	return func(before, after properties) []Weakening {
		old, isKnown := readAnswers(before.at(path))
		changed, readable := readAnswers(after.at(path))
		if !readable {
			return weaker(path, before, after, why)
		}
		for _, each := range changed {
			if !isKnown || !slices.ContainsFunc(old, func(outer [2]int) bool { return outer[0] <= each[0] && each[1] <= outer[1] }) {
				return weaker(path, before, after, why)
			}
		}
		return nil
	}
}

// readAnswers reads the ranges of answers. It returns false if they are not known or cannot be read.
func readAnswers(matcher value) ([][2]int, bool) {
	text := matcher.text()
	switch {
	case !matcher.known():
		return nil, false
	case matcher.content == nil || text == "":
		text = "200"
	}
	var ranges [][2]int
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, alsoErr := strconv.Atoi(to)
		if err != nil || alsoErr != nil {
			return nil, false
		}
		ranges = append(ranges, [2]int{first, last})
	}
	return ranges, true
}

// losesNoAction is the rule for what a listener does with requests: it must not give up to send them to HTTPS or to
// ask who somebody is.
func losesNoAction(path string) rule {
	// The actions that protect. Others forward or answer.
	protecting := func(all properties) ([]string, bool) {
		var found []string
		for _, element := range all.at(path).list() {
			action := properties{"action": element}
			kind := action.at("action.type")
			if !kind.known() || !action.at("action.redirect.protocol").known() {
				return nil, false
			}
			switch {
			case strings.HasPrefix(kind.text(), "authenticate-"):
				found = append(found, kind.text())
			case kind.is("redirect") && !action.at("action.redirect.protocol").is("HTTP"):
				found = append(found, "redirect to "+action.at("action.redirect.protocol").String())
			}
		}
		return found, true
	}
	return func(before, after properties) []Weakening {
		old, _ := protecting(before)
		changed, readable := protecting(after)
		var found []Weakening
		for _, each := range old {
			if !readable || !slices.Contains(changed, each) {
				found = append(found, Weakening{path, each, "no longer", "requests reach the tasks in plain, or from anybody"})
			}
		}
		return found
	}
}

// asRequested are the parts of a redirect where they are not set: those of the request (API reference of Elastic Load
// Balancing, RedirectActionConfig).
var asRequested = map[string]string{"host": "#{host}", "port": "#{port}", "path": "/#{path}", "query": "#{query}"}

var redirectParts = []string{"host", "port", "path", "query"}

// redirectsOf are the redirects among the actions at a path.
func redirectsOf(all properties, path string) []any {
	var found []any
	for _, element := range all.at(path).list() {
		if redirect := (properties{"action": element}).at("action.redirect"); redirect.content != nil {
			found = append(found, redirect.content)
		}
	}
	return found
}

// partOf is a part of a redirect.
func partOf(redirect any, part string) string {
	text := properties{"redirect": redirect}.at("redirect." + part).String()
	if text == (value{}).String() {
		return asRequested[part]
	}
	return text
}

// redirectsStay is the rule for where a listener sends users: no redirect may lead elsewhere. Whether it stays one to
// HTTPS, another rule says.
func redirectsStay(path string) rule {
	return func(before, after properties) []Weakening {
		old, changed := redirectsOf(before, path), redirectsOf(after, path)
		if whole := after.at(path).content; whole == unknown || whole == secret {
			changed = nil
		}
		var found []Weakening
		for _, part := range redirectParts {
			of := func(all []any) (parts []string) {
				for _, redirect := range all {
					parts = append(parts, partOf(redirect, part))
				}
				return parts
			}
			from, to := of(old), of(changed)
			wasSet := slices.ContainsFunc(from, func(text string) bool { return text != asRequested[part] })
			isKept := slices.Equal(from, to) && !slices.Contains(to, value{unknown}.String())
			if len(old) > 0 && !isKept && (wasSet || len(changed) > 0) {
				found = append(found, Weakening{path + ".redirect." + part, strings.Join(from, ", "), orNone(to), otherAddress})
			}
		}
		return found
	}
}

// forwardsToNoOther is the rule for where a listener forwards requests: to no other target group, and it must not
// answer them itself instead. To redirect them is for another rule.
func forwardsToNoOther(path string) rule {
	return func(before, after properties) []Weakening {
		old := targetsOf(before, path)
		var found []Weakening
		for _, target := range targetsOf(after, path) {
			if len(old) > 0 && (!slices.Contains(old, target) || target == value{unknown}.String()) {
				found = append(found, Weakening{path + ".targetGroupArn", strings.Join(old, ", "), "also " + target, "requests reach something else, or nothing"})
			}
		}
		if len(old) > 0 && len(targetsOf(after, path)) == 0 && len(redirectsOf(after, path)) == 0 {
			found = append(found, Weakening{path + ".targetGroupArn", strings.Join(old, ", "), "none", "requests reach something else, or nothing"})
		}
		return found
	}
}

// targetsOf is what answers by the actions at a path.
func targetsOf(all properties, path string) []string {
	var found []string
	for _, element := range all.at(path).list() {
		action := properties{"action": element}
		if action.at("action.type").is("fixed-response") {
			found = append(found, "a fixed response")
		}
		if target := action.at("action.targetGroupArn"); target.content != nil {
			found = append(found, target.String())
		}
		for _, group := range action.at("action.forward.targetGroups").list() {
			// Without a weight it is 1; with 0 it gets no requests (API reference of Elastic Load Balancing,
			// TargetGroupTuple).
			if each := (properties{"group": group}); !each.at("group.weight").is(0) {
				found = append(found, each.at("group.arn").String())
			}
		}
	}
	return found
}

// orNone are texts in words.
func orNone(texts []string) string {
	if len(texts) == 0 {
		return value{}.String()
	}
	return strings.Join(texts, ", ")
}

// originsStayNamed is the rule for the pages that may use the bucket from a browser: named ones may become others,
// but not every one.
func originsStayNamed(path string) rule {
	open := func(all properties) []string {
		var found []string
		for _, element := range all.at(path).list() {
			for _, origin := range (properties{"rule": element}).at("rule.allowedOrigins").list() {
				if text := (value{origin}).String(); strings.Contains(text, "*") || !(value{origin}).known() {
					found = append(found, text)
				}
			}
		}
		return found
	}
	return func(before, after properties) []Weakening {
		if !after.at(path).known() {
			return weaker(path, before, after, "pages that nobody named may use the bucket from a browser")
		}
		var found []Weakening
		for _, each := range open(after) {
			if !slices.Contains(open(before), each) {
				found = append(found, Weakening{path + ".allowedOrigins", "not so", "also " + each, "pages that nobody named may use the bucket from a browser"})
			}
		}
		return found
	}
}
