package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	securityRegister = "docs/security.md"
	registerHeader   = "| Control | Asks for | Verdict | How, or why not and what to do |"
	ours             = "*ours* "
)

// registered is a row of the security register.
type registered struct {
	// ids are the control's ids in the lists of others, or one of ours.
	ids []string
	// verdict is met or waived.
	verdict string
	// settings are those that the verdict needs; without them it is the other one.
	// Empty if it holds whatever is set.
	settings map[string]string
}

// name is the row's name in security_controls_test.go: its first id.
func (r registered) name() string { return r.ids[0] }

// meets tells whether the verdict is that the control is met.
func (r registered) meets() bool { return r.verdict == "met" }

var (
	controlID = regexp.MustCompile(`^(?:(?:S3|ECR|ECS|EC2|ELB|ACM|IAM|KMS|SNS|CloudWatch)\.[1-9][0-9]*|CT\.ECS\.PR\.[1-9][0-9]*|` +
		`CKV2?_AWS_[1-9][0-9]*|AVD-AWS-[0-9]{4}|(?:AwsSolutions|Serverless|NIST\.800\.53\.R5)-[A-Za-z]+[0-9]*)$`)
	verdictPattern = regexp.MustCompile(`^(met|waived)(?: with (.*))?$`)
)

// readRegister reads the rows of the register, and ends the test if one is
// malformed.
func readRegister(t *testing.T) []registered {
	t.Helper()
	var all []registered
	for _, cells := range tables(t, securityRegister, registerHeader) {
		if len(cells) != 4 {
			t.Fatalf("the row %q has %d cells", cells, len(cells))
		}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "`", "")
		}
		row := registered{ids: strings.Split(cells[0], ", "), settings: map[string]string{}}
		verdict := verdictPattern.FindStringSubmatch(cells[2])
		if verdict == nil || cells[1] == "" || cells[3] == "" {
			t.Fatalf("the row %q does not say what is asked, met or waived, and how or why", cells[0])
		}
		row.verdict = verdict[1]
		for setting := range strings.SplitSeq(verdict[2], ", ") {
			if key, value, found := strings.Cut(setting, ": "); found {
				row.settings[key] = value
			} else if setting != "" {
				t.Fatalf("%s: %q is no setting with its value", row.name(), setting)
			}
		}
		for _, id := range row.ids {
			if isOurs := strings.HasPrefix(id, ours); !controlID.MatchString(id) && (!isOurs || len(row.ids) > 1) {
				t.Errorf("%q is the id of no control", id)
			}
		}
		all = append(all, row)
	}
	if len(all) < 50 {
		t.Fatalf("the register has only %d rows", len(all))
	}
	return all
}

// configurations are the stacks on which a verdict is tried that does not depend
// on a setting: the default one, one with every setting, and each that the
// register names.
func configurations(t *testing.T, rows []registered) map[string]*recorder {
	t.Helper()
	stacks := map[string]*recorder{"default settings": run(t, nil), "every setting": run(t, everySetting())}
	for _, row := range rows {
		if len(row.settings) > 0 {
			stacks[describe(row.settings)] = run(t, row.settings)
		}
	}
	return stacks
}

func describe(settings map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		words = append(words, key+": "+settings[key])
	}
	return strings.Join(words, ", ")
}

func TestTheSecurityRegisterSaysWhatIsRegistered(t *testing.T) {
	rows := readRegister(t)
	stacks := configurations(t, rows)
	for _, row := range rows {
		isMet, found := controls[row.name()]
		if !found {
			t.Errorf("%s has no check", row.name())
			continue
		}
		t.Run(row.name(), func(t *testing.T) {
			if len(row.settings) > 0 {
				if isMet(stacks["default settings"]) == row.meets() {
					t.Errorf("is %s with default settings too", row.verdict)
				}
				if isMet(stacks[describe(row.settings)]) != row.meets() {
					t.Errorf("is not %s with %s", row.verdict, describe(row.settings))
				}
				return
			}
			for name, stack := range stacks {
				if isMet(stack) != row.meets() {
					t.Errorf("is not %s with %s", row.verdict, name)
				}
			}
		})
	}
}

func TestEveryCheckOfAControlHasOneRow(t *testing.T) {
	rows := readRegister(t)
	seen := map[string]bool{}
	for _, row := range rows {
		for _, id := range row.ids {
			if seen[id] {
				t.Errorf("%s has two rows", id)
			}
			seen[id] = true
		}
	}
	for name := range controls {
		if !slices.ContainsFunc(rows, func(row registered) bool { return row.name() == name }) {
			t.Errorf("the check of %s has no row", name)
		}
	}
}

func TestEveryResourceTypeIsInTheSecurityRegister(t *testing.T) {
	stacks := configurations(t, readRegister(t))
	existing, covered := map[string]bool{}, map[string]bool{}
	for _, stack := range stacks {
		for _, isMet := range controls {
			isMet(stack)
		}
		maps.Copy(covered, stack.inspected)
		for _, each := range stack.records {
			existing[resourceKind(each.token)] = true
		}
	}
	for _, row := range tables(t, securityRegister, "| Resource | Why |") {
		if !existing[row[0]] || covered[row[0]] || row[1] == "" {
			t.Errorf("%s: the stack has none, a control inspects it, or the register does not say why none does", row[0])
		}
		covered[row[0]] = true
	}
	for each := range existing {
		if !covered[each] {
			t.Errorf("%s says nothing of %s", securityRegister, each)
		}
	}
}

// resourceKind is the last part of a type.
func resourceKind(token string) string { return token[strings.LastIndex(token, ":")+1:] }

func TestDefaultTagsReachEveryResource(t *testing.T) {
	for _, settings := range []map[string]string{nil, {"domainName": testDomain, "hostedZoneId": testZone}, everySetting()} {
		for _, each := range run(t, settings).records {
			if !each.takesDefaultTags() {
				t.Errorf("%s ignores its tags, or has the provider %q, which knows no aws:defaultTags", each.key(), each.provider)
			}
		}
	}
}
