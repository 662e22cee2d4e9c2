package gate

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

const (
	// LabelPrefix makes a label of GitHub from an allowance.
	LabelPrefix = "allow:"
	// LabelLimit is how many characters a label of GitHub may have (GitHub REST API, "Create a label").
	LabelLimit = 50
	// digestLength is how many characters of the digest an allowance has: 65 bits, so that nobody can make a
	// commit to which an allowance for another one fits.
	digestLength = 13
)

// allow gives each reason its allowance, and looks which of them were given. An allowance is a name for people and a
// digest of the commit and of all that it lets pass: one change of one resource, or one group of changes.
func (j *Judgement) allow(commit string, given []string) {
	// What an allowance is for: a group, or else a change.
	type subject struct {
		name string
		of   *Change
	}
	about := func(change *Change, reason *Reason) subject {
		if reason.group != "" {
			return subject{reason.group, nil}
		}
		return subject{change.Name, change}
	}
	contents := map[subject][]any{}
	for change, reason := range j.reasons() {
		contents[about(change, reason)] = append(contents[about(change, reason)], content(change, reason))
	}
	allowances := map[subject]string{}
	for each, lets := range contents {
		allowances[each] = allowance(each.name, commit, lets)
	}
	for change, reason := range j.reasons() {
		reason.Allowance = allowances[about(change, reason)]
		reason.Allowed = slices.Contains(given, reason.Allowance)
	}
}

// content is all that an allowance for a reason is about. One that is about a step as a whole, such as the import of a
// resource, is about all of its inputs and options.
func content(change *Change, reason *Reason) any {
	var before, after object
	if reason.path == nil {
		before, after = decisive(change.Before), decisive(change.After)
	}
	return []any{change.URN, change.Operation, change.Type, reason.path, reason.before, reason.after, reason.Why, before, after}
}

var notInALabel = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func allowance(name, commit string, contents []any) string {
	text, err := json.Marshal([]any{name, commit, contents})
	if err != nil {
		panic(err) // What was read from JSON always has a JSON form.
	}
	sum := sha256.Sum256(text)
	digest := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:digestLength]
	name = notInALabel.ReplaceAllString(name, "-")
	return name[:min(len(name), LabelLimit-len(LabelPrefix)-len("@")-digestLength)] + "@" + digest
}
