package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// settingsNamespace is the configuration namespace of the settings:
// `pulumi config set mediaserver:appPort 8080`. A project that was made from
// this one under another name may use its own name as the namespace, which is
// what Pulumi puts before a bare key there.
const settingsNamespace = "mediaserver"

// integerPattern leaves out what strconv reads too: a plus sign and leading zeros.
var integerPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// settingsReader reads settings one by one and collects every problem, so that
// a user sees all of them at once.
type settingsReader struct {
	// ctx holds the configuration of the stack.
	ctx *pulumi.Context
	// keys are the settings asked for so far.
	keys []string
	// problems are the errors found so far.
	problems []error
	// refused are the keys with a problem: a value that is not what it should
	// be is reported once, and checked no further.
	refused []string
}

// failure is one error with all problems found so far, or nil if there is none.
func (r *settingsReader) failure() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("invalid settings:\n%w", errors.Join(r.problems...))
}

// refuse records a problem with a setting: the key, the value, the rule. A
// value that was configured as a secret is not shown.
func (r *settingsReader) refuse(key string, value any, rule string) {
	r.refused = append(r.refused, key)
	shown := fmt.Sprint(value)
	if _, isText := value.(string); isText {
		shown = strconv.Quote(shown)
	}
	wholeKey, _, _ := strings.Cut(key, "[")
	for _, namespace := range r.namespaces() {
		if r.ctx.IsConfigSecret(namespace + ":" + wholeKey) {
			shown = "[secret]"
		}
	}
	r.problems = append(r.problems, fmt.Errorf("%s:%s: %s %s", settingsNamespace, key, shown, rule))
}

// namespaces are the configuration namespaces in which settings are looked up,
// the first one first.
func (r *settingsReader) namespaces() []string {
	return []string{settingsNamespace, r.ctx.Project()}
}

// check refuses a value that breaks a rule, unless its key was refused before.
func (r *settingsReader) check(key string, value any, holds bool, rule string) {
	if !holds && r.accepted(key) {
		r.refuse(key, value, rule)
	}
}

// accepted tells whether none of the keys has been refused.
func (r *settingsReader) accepted(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(r.refused, key) })
}

// find returns the configured value of a setting and whether there is one. An
// empty value is refused: it is a mistake more often than a wish.
func (r *settingsReader) find(key string) (string, bool) {
	value, found := r.lookUp(key)
	if found && value == "" {
		r.refuse(key, value, "must not be empty; remove the key to use the default")
		return "", false
	}
	return value, found
}

// lookUp returns the configured value of a setting, which may be empty, and
// whether there is one.
func (r *settingsReader) lookUp(key string) (string, bool) {
	r.keys = append(r.keys, key)
	for _, namespace := range r.namespaces() {
		if value, found := r.ctx.GetConfig(namespace + ":" + key); found {
			return value, true
		}
	}
	return "", false
}

// text reads a setting that may be any text but the empty one.
func (r *settingsReader) text(key, defaultValue string) string {
	if value, found := r.find(key); found {
		return value
	}
	return defaultValue
}

// optionalText reads a setting that may be empty, which stands for none. The
// command line passes the default of Pulumi.yaml on, and without a default it
// would demand a value.
func (r *settingsReader) optionalText(key, defaultValue string) string {
	if value, found := r.lookUp(key); found {
		return value
	}
	return defaultValue
}

// integer reads a setting that must be a whole number.
func (r *settingsReader) integer(key string, defaultValue int) int {
	value, found := r.find(key)
	if !found {
		return defaultValue
	}
	number, err := strconv.Atoi(value)
	if err != nil || !integerPattern.MatchString(value) {
		r.refuse(key, value, "must be a whole number")
		return defaultValue
	}
	return number
}

// boolean reads a setting that must be true or false, in these words only.
func (r *settingsReader) boolean(key string, defaultValue bool) bool {
	value, found := r.find(key)
	if !found {
		return defaultValue
	}
	if value != "true" && value != "false" {
		r.refuse(key, value, "must be true or false")
		return defaultValue
	}
	return value == "true"
}

// list reads a setting that must be a list of texts. The example is one of them
// for the message.
func (r *settingsReader) list(key string, defaultValue []string, example string) []string {
	value, found := r.find(key)
	if !found {
		return defaultValue
	}
	// A JSON null would decode into a list of no texts or into an empty text.
	var elements []*string
	err := json.Unmarshal([]byte(value), &elements)
	if err != nil || elements == nil || slices.Contains(elements, nil) {
		r.refuse(key, value, fmt.Sprintf("must be a list of texts, such as [%q]", example))
		return defaultValue
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		texts[i] = *element
	}
	return texts
}

// rejectUnknownKeys refuses settings that nothing reads, which are misspelt
// more often than not. The SDK lists no keys, so they are read from where the
// SDK itself gets them.
func (r *settingsReader) rejectUnknownKeys() {
	configured := map[string]string{}
	if text := os.Getenv(pulumi.EnvConfig); text != "" {
		if err := json.Unmarshal([]byte(text), &configured); err != nil {
			r.problems = append(r.problems, fmt.Errorf("read the configuration in %s: %w", pulumi.EnvConfig, err))
			return
		}
	}
	for _, fullKey := range slices.Sorted(maps.Keys(configured)) {
		namespace, key, _ := strings.Cut(fullKey, ":")
		if slices.Contains(r.namespaces(), namespace) && !slices.Contains(r.keys, key) {
			r.refuse(key, configured[fullKey], "is not a setting of this program; "+r.suggestion(key))
		}
	}
}

// suggestion is what a user may have meant by an unknown key: the nearest known
// one, or all of them if none is near.
func (r *settingsReader) suggestion(unknown string) string {
	nearest := slices.MinFunc(r.keys, func(a, b string) int { return distance(unknown, a) - distance(unknown, b) })
	if distance(unknown, nearest) <= max(len(unknown), len(nearest))/2 {
		return fmt.Sprintf("did you mean %s?", nearest)
	}
	return "the settings are " + strings.Join(r.keys, ", ")
}

// distance is how many letters have to be added, taken away or replaced to turn
// one text into the other (the Levenshtein distance). Case does not count.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	// The distances of all beginnings of b to the beginning of a that ends here.
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
