package arguments

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestFlagsMayStandAnywhere(t *testing.T) {
	flags := Flags("command")
	stack, keep := flags.String("stack", "", ""), flags.Bool("keep", false, "")
	others, err := Parse(flags, []string{"one", "--stack", "dev", "-", "--keep", "two"})
	if want := []string{"one", "-", "two"}; err != nil || !slices.Equal(others, want) || *stack != "dev" || !*keep {
		t.Errorf("%q, stack %q, keep %t, %v; want %q", others, *stack, *keep, err, want)
	}
}

func TestAWrongFlagIsNamedInOneLineThatPointsToTheHelp(t *testing.T) {
	for word, want := range map[string]string{
		"--sandbx":        "unknown flag: --sandbx; see --help",
		"--count=several": `invalid argument "several" for "--count" flag: it must be a number; see --help`,
		"-h":              ErrHelp.Error(),
		"--help":          ErrHelp.Error(),
	} {
		var printed strings.Builder
		flags := Flags("command")
		flags.SetOutput(&printed)
		flags.Func("count", "", func(string) error { return errors.New("it must be a number") })
		if _, err := Parse(flags, []string{word}); err == nil || err.Error() != want || printed.Len() > 0 {
			t.Errorf("%s: %v, want %s; it prints %q", word, err, want, printed.String())
		}
	}
}
