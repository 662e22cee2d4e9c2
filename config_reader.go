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

	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/diags"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// settingsNamespace is the configuration namespace of the settings:
// `pulumi config set mediaserver:appPort 8080`. A project that was made from
// this one under another name may use its own name as the namespace, which is
// what Pulumi puts before a bare key there.
const settingsNamespace = "mediaserver"

// nearestKeys is how many of the nearest keys the message about an unknown one
// names.
const nearestKeys = 3

// integerPattern refuses what strconv accepts: a plus sign and leading zeros.
var integerPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// unshown are the settings whose values no message shows, because somebody may
// have put a secret there.
var unshown = []string{"environment", "secrets"}

// setting is a row of the table of settings.
type setting struct {
	key string
	// read puts the configured value into its field, or refuses it.
	read func(*settingsReader)
	// check refuses the value if it breaks a rule.
	check func(*settingsReader)
}

// parser turns the text of a value into the value, or says which rule the text
// breaks.
type parser[T any] func(text string) (value T, broken string)

// rule refuses the value of a key if it breaks the rule.
type rule[T any] func(r *settingsReader, key string, value T)

// row is a setting with the field that holds its value. The rules are checked
// once all settings are read, and again once the account is known.
func row[T any](key string, field *T, parse parser[T], rules ...rule[T]) setting {
	return setting{
		key: key,
		read: func(r *settingsReader) {
			text, found := r.lookUp(key)
			if !found {
				r.missing = append(r.missing, key)
				return
			}
			value, broken := parse(text)
			if broken != "" && text == "" {
				// An empty value is more often a mistake than intended.
				broken = "must not be empty; remove the key to use the default"
			}
			r.check(key, text, broken == "", broken)
			*field = value
		},
		check: func(r *settingsReader) {
			for _, rule := range rules {
				rule(r, key, *field)
			}
		},
	}
}

// optional is a setting that may be empty, which means none. Its rules apply to
// every other value.
func optional(key string, field *string, rules ...rule[string]) setting {
	return row(key, field, func(text string) (string, string) { return text, "" },
		func(r *settingsReader, key, value string) {
			for _, rule := range rules {
				if value != "" {
					rule(r, key, value)
				}
			}
		})
}

// text is the parser of a setting that may be any text but the empty one.
func text(text string) (value, broken string) {
	if text == "" {
		return "", "must not be empty"
	}
	return text, ""
}

func integer(text string) (value int, broken string) {
	number, err := strconv.Atoi(text)
	if err != nil || !integerPattern.MatchString(text) {
		return 0, "must be a whole number"
	}
	return number, ""
}

// boolean is the parser of a setting that is true or false, in exactly these words.
func boolean(text string) (value bool, broken string) {
	if text != "true" && text != "false" {
		return false, "must be true or false"
	}
	return text == "true", ""
}

// listOf is the parser of a list of texts. The example is one of them, for the
// message.
func listOf(example string) parser[[]string] {
	return func(text string) (value []string, broken string) {
		// A JSON null would decode into a list of no texts or into an empty text.
		var elements []*string
		err := json.Unmarshal([]byte(text), &elements)
		if err != nil || elements == nil || slices.Contains(elements, nil) {
			return nil, fmt.Sprintf("must be a list of texts, such as [%q]", example)
		}
		texts := make([]string, len(elements))
		for i, element := range elements {
			texts[i] = *element
		}
		return texts, ""
	}
}

// satisfies is the rule that something holds of the value.
func satisfies[T any](holds func(T) bool, text string) rule[T] {
	return func(r *settingsReader, key string, value T) { r.check(key, value, holds(value), text) }
}

// matches is the rule that a text has a form.
func matches(pattern *regexp.Regexp, text string) rule[string] {
	return satisfies(pattern.MatchString, text)
}

// between is the rule that a number is in a range. The text has a place for each
// of its ends.
func between(lowest, highest int, text string) rule[int] {
	return satisfies(func(value int) bool { return value >= lowest && value <= highest }, fmt.Sprintf(text, lowest, highest))
}

// notBelow is the rule that a number is not too low. The text has a place for the
// lowest one.
func notBelow(lowest int, text string) rule[int] {
	return satisfies(func(value int) bool { return value >= lowest }, fmt.Sprintf(text, lowest))
}

// oneOf is the rule that a value is one of several. The text has a place for
// them.
func oneOf[T comparable](text string, values ...T) rule[T] {
	return satisfies(func(value T) bool { return slices.Contains(values, value) }, fmt.Sprintf(text, alternatives(values)))
}

// alternatives lists values for a message: "1, 3 or 5".
func alternatives[T any](values []T) string {
	var words diags.OrList
	for _, value := range values {
		words = append(words, fmt.Sprint(value))
	}
	return words.String()
}

// each is a rule for each element of a list. The key of an element is that of
// the list with its index.
func each(rule rule[string]) rule[[]string] {
	return func(r *settingsReader, key string, elements []string) {
		for i, element := range elements {
			rule(r, fmt.Sprintf("%s[%d]", key, i), element)
		}
	}
}

// isNotRepeated refuses an element that appears earlier in the list, ignoring
// capitals.
func isNotRepeated(r *settingsReader, key string, elements []string) {
	for i, element := range elements {
		earlier := slices.IndexFunc(elements, func(other string) bool { return strings.EqualFold(other, element) })
		r.check(fmt.Sprintf("%s[%d]", key, i), element, earlier == i,
			fmt.Sprintf("must not repeat %s[%d]; capitals do not make another one", key, earlier))
	}
}

// inAccount is a rule that depends on what the stack finds in its account. It is
// checked once that is known.
func inAccount[T any](rule rule[T]) rule[T] {
	return func(r *settingsReader, key string, value T) {
		if r.environment != nil {
			rule(r, key, value)
		}
	}
}

// loadSettings reads the settings of the stack and checks them. It reports
// every problem in one error, and registers no resource.
func loadSettings(ctx *pulumi.Context) (settings, error) {
	var loaded settings
	rows := loaded.rows()
	reader := settingsReader{ctx: ctx}
	var keys []string
	for _, row := range rows {
		keys = append(keys, row.key)
		row.read(&reader)
	}
	reader.refuseMissing()
	reader.refuseUnknown(keys)
	for _, row := range rows {
		row.check(&reader)
	}
	return loaded, reader.failure()
}

// validateFor reports every setting that does not fit the account in which the
// stack is.
func (s settings) validateFor(ctx *pulumi.Context, environment environmentOutputs) error {
	reader := settingsReader{ctx: ctx, environment: &environment}
	for _, row := range s.rows() {
		row.check(&reader)
	}
	return reader.failure()
}

// settingsReader reads settings one by one and collects every problem, so that
// a user sees all of them at once.
type settingsReader struct {
	// ctx holds the configuration of the stack.
	ctx *pulumi.Context
	// environment is what the stack found in its account. Nil until the account has
	// been read.
	environment *environmentOutputs
	// missing are the keys for which not even the default arrived.
	missing []string
	// problems are the errors found so far.
	problems []error
	// refused are the keys with a problem. Each is reported once and checked no
	// further.
	refused []string
}

// failure is one error with all problems found so far, or nil if there is none.
func (r *settingsReader) failure() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("invalid settings:\n%w", errors.Join(r.problems...))
}

// check records a problem with a setting if the value breaks a rule, unless its
// key was refused before: the key, the value, the rule. A value that was
// configured as a secret is not shown.
func (r *settingsReader) check(key string, value any, holds bool, rule string) {
	if holds || !r.accepted(key) {
		return
	}
	r.refused = append(r.refused, key)
	shown := fmt.Sprint(value)
	if _, isText := value.(string); isText {
		shown = strconv.Quote(shown)
	}
	setting := key[:strings.IndexAny(key+".", ".[")]
	switch {
	case r.isSecret(setting):
		shown = "[secret]"
	case slices.Contains(unshown, setting):
		shown = "[not shown]"
	}
	r.problems = append(r.problems, fmt.Errorf("%s:%s: %s %s", settingsNamespace, key, shown, rule))
}

// accepted tells whether none of the keys has been refused.
func (r *settingsReader) accepted(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(r.refused, key) })
}

// isSecret tells whether a setting was configured as a secret of Pulumi.
func (r *settingsReader) isSecret(key string) bool {
	return slices.ContainsFunc(r.namespaces(), func(namespace string) bool { return r.ctx.IsConfigSecret(namespace + ":" + key) })
}

// namespaces are the configuration namespaces in which settings are looked up,
// the first one first.
func (r *settingsReader) namespaces() []string {
	return []string{settingsNamespace, r.ctx.Project()}
}

// lookUp returns the configured value of a setting, which may be empty, and
// whether there is one.
func (r *settingsReader) lookUp(key string) (string, bool) {
	for _, namespace := range r.namespaces() {
		if value, found := r.ctx.GetConfig(namespace + ":" + key); found {
			return value, true
		}
	}
	return "", false
}

// refuseMissing reports the settings for which no value arrived. Each has a
// default in Pulumi.yaml, which the Pulumi CLI passes on.
func (r *settingsReader) refuseMissing() {
	if len(r.missing) > 0 {
		r.refused = append(r.refused, r.missing...)
		r.problems = append(r.problems, fmt.Errorf("no value arrived for %s, not even the default in Pulumi.yaml: "+
			"run the program through Pulumi 3.200 or later, which passes it on", strings.Join(r.missing, ", ")))
	}
}

// refuseUnknown refuses settings that nothing reads, which are misspelt
// more often than not. It shows no value: one may be meant for a setting whose
// values are not shown. The SDK lists no keys, so they are read from where the
// SDK itself gets them.
func (r *settingsReader) refuseUnknown(known []string) {
	configured := map[string]string{}
	if text := os.Getenv(pulumi.EnvConfig); text != "" {
		if err := json.Unmarshal([]byte(text), &configured); err != nil {
			r.problems = append(r.problems, fmt.Errorf("read the configuration in %s: %w", pulumi.EnvConfig, err))
		}
	}
	similar := diags.NonExistentFieldFormatter{Fields: known, MaxElements: nearestKeys}
	for _, fullKey := range slices.Sorted(maps.Keys(configured)) {
		namespace, key, _ := strings.Cut(fullKey, ":")
		if !slices.Contains(r.namespaces(), namespace) || slices.Contains(known, key) {
			continue
		}
		object, _, _ := strings.Cut(key, ".")
		_, nearest := similar.MessageWithDetail(object, key)
		r.problems = append(r.problems, fmt.Errorf("%s:%s is not a setting of this program. %s", settingsNamespace, key, nearest))
	}
}
