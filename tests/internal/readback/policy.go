package readback

import (
	"maps"
	"slices"

	"mediaserver/tests/internal/iampolicy"
)

// policy compares what a policy says: all its statements, in any order and without their Sid. IAM and ECR write a list
// of one as a text, and texts as lists, as they please.
func (r *reader) policy(property, text string, want ...iampolicy.Statement) {
	got, err := iampolicy.Parse(text)
	if err != nil {
		r.fail("%s: %v", property, err)
	}
	r.equal(property+" version", got.Version, iampolicy.CurrentVersion)
	r.equal(property+" number of statements", len(got.Statements), len(want))
	r.equal(property, sortedStatements(got.Statements), sortedStatements(want))
}

// sortedStatements sorts whatever has no order in the statements of a policy.
func sortedStatements(statements []iampolicy.Statement) []iampolicy.Statement {
	var sorted []iampolicy.Statement
	for _, statement := range statements {
		statement.Sid = ""
		statement.Action = inOrder(statement.Action)
		statement.Resource = inOrder(statement.Resource)
		statement.Principal = maps.Clone(statement.Principal)
		for kind, names := range statement.Principal {
			statement.Principal[kind] = inOrder(names)
		}
		sorted = append(sorted, statement)
	}
	slices.SortFunc(sorted, func(a, b iampolicy.Statement) int { return slices.Compare(a.Action, b.Action) })
	return sorted
}

func inOrder(list iampolicy.Texts) iampolicy.Texts {
	return slices.Sorted(slices.Values(list))
}

// allow is a statement of a policy that belongs to a role.
func allow(resources []string, actions ...string) iampolicy.Statement {
	return iampolicy.Statement{Effect: iampolicy.Allow, Action: actions, Resource: resources}
}
