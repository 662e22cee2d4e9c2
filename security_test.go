package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	securityRegister = "docs/security.md"
	ours             = "*ours* "
)

// registered is an entry of the security register.
type registered struct {
	// ids are the control's ids in the lists of others, or one of ours.
	ids []string
	// verdict is met or waived.
	verdict string
	// settings are those that the verdict needs; without them it is the other one.
	// Empty if it holds whatever is set.
	settings object
}

// name is the entry's name in security_controls_test.go: its first id.
func (r registered) name() string { return r.ids[0] }

// meets tells whether the verdict is that the control is met.
func (r registered) meets() bool { return r.verdict == "met" }

var (
	controlID = regexp.MustCompile(`^(?:(?:S3|ECR|ECS|EC2|ELB|ACM|IAM|KMS|SNS|CloudWatch)\.[1-9][0-9]*|CT\.ECS\.PR\.[1-9][0-9]*|` +
		`CKV2?_AWS_[1-9][0-9]*|AVD-AWS-[0-9]{4}|(?:AwsSolutions|Serverless|NIST\.800\.53\.R5)-[A-Za-z]+[0-9]*)$`)
	// entryPattern is a line of the register: its ids, what they ask for, the verdict
	// with its settings, and how or why.
	entryPattern = regexp.MustCompile(`^- (.+?): .+\. \*\*(Met|Waived)(?: with (.+))?\*\*: .+\.\n$`)
)

// readRegister reads the entries of the register, and ends the test if one is
// malformed.
func readRegister(t *testing.T) []registered {
	t.Helper()
	var all []registered
	_, entries, _ := strings.Cut(read(t, securityRegister), "\n## ")
	for line := range strings.Lines(entries) {
		if !strings.HasPrefix(line, "- ") {
			continue
		}
		parts := entryPattern.FindStringSubmatch(strings.ReplaceAll(line, "`", ""))
		if parts == nil {
			t.Fatalf("%q does not say what is asked, whether it is met or waived, and how or why", line)
		}
		entry := registered{ids: strings.Split(parts[1], ", "), verdict: strings.ToLower(parts[2]), settings: object{}}
		for setting := range strings.SplitSeq(parts[3], ", ") {
			if key, value, found := strings.Cut(setting, ": "); found {
				entry.settings[key] = value
			} else if setting != "" {
				t.Fatalf("%s: %q is no setting with its value", entry.name(), setting)
			}
		}
		for _, id := range entry.ids {
			if isOurs := strings.HasPrefix(id, ours); !controlID.MatchString(id) && (!isOurs || len(entry.ids) > 1) {
				t.Errorf("%q is the id of no control", id)
			}
		}
		all = append(all, entry)
	}
	if len(all) < 50 {
		t.Fatalf("the register has only %d entries", len(all))
	}
	return all
}

// configurations are the stacks on which a verdict is tried that does not depend
// on a setting: the default one, one with every setting, and each that the
// register names.
func configurations(t *testing.T, rows []registered) map[string]*recorder {
	t.Helper()
	everySetting := readYAML[refusals](t, "testdata/settings.yaml").EverySetting
	stacks := map[string]*recorder{"default settings": run(t, nil), "every setting": run(t, everySetting)}
	for _, row := range rows {
		if name := describe(row.settings); name != "" && stacks[name] == nil {
			stacks[name] = run(t, row.settings)
		}
	}
	return stacks
}

func describe(settings object) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		words = append(words, fmt.Sprint(key, ": ", settings[key]))
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

func TestEveryCheckOfAControlHasOneEntry(t *testing.T) {
	rows := readRegister(t)
	seen := map[string]bool{}
	for _, row := range rows {
		for _, id := range row.ids {
			if seen[id] {
				t.Errorf("%s has two entries", id)
			}
			seen[id] = true
		}
	}
	for name := range controls {
		if !slices.ContainsFunc(rows, func(row registered) bool { return row.name() == name }) {
			t.Errorf("the check of %s has no entry", name)
		}
	}
}

func TestEveryResourceTypeIsInTheSecurityRegister(t *testing.T) {
	stacks := configurations(t, readRegister(t))
	existing := map[string]bool{}
	for _, stack := range stacks {
		for _, isMet := range controls {
			isMet(stack)
		}
		for _, each := range stack.records {
			existing[resourceKind(each.token)] = true
		}
	}
	covered := maps.Clone(inspected)
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
