package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mediaserver/tools/fit"
)

func TestTheHelpTellsEveryExitCode(t *testing.T) {
	var helped []string
	for _, match := range regexp.MustCompile(`(?m)^ +(\d+)  .+$`).FindAllStringSubmatch(usage, -1) {
		helped = append(helped, match[1])
	}
	var want []string
	for _, code := range []fit.Code{
		exitOther, exitUsage, fit.Fits, fit.NoEngine, fit.NoPlan, fit.NoImage, fit.OtherFormat, fit.NotStarted, fit.Exited, fit.OutOfMemory,
		fit.NoProgram, fit.OtherPort, fit.LoopbackOnly, fit.Unhealthy, fit.AWSRefused, fit.NotInTime, fit.OwnCheckFail, fit.Interrupted,
	} {
		want = append(want, strconv.Itoa(int(code)))
	}
	if slices.Sort(helped); !slices.Equal(helped, slices.Sorted(slices.Values(want))) {
		t.Errorf("the help tells of the codes %v, the program has %v", helped, want)
	}
}

func TestWrongUsageIsRefused(t *testing.T) {
	for words, phrase := range map[string]string{
		"":                                     `name one image to try, as docker names it (scripts/try-image app:built), not []; see --help`,
		"app:built --keep app:other":           `not ["app:built" "app:other"]`,
		"app:built --now":                      "unknown flag: --now; see --help",
		"app:built --stack dev --outputs file": "--stack and --outputs exclude each other; see --help",
		"app:built --stack=":                   "--stack and --outputs need a value; see --help",
		"app:built --outputs=":                 "--stack and --outputs need a value; see --help",
		"app:built --timeout 0":                `invalid argument "0" for "--timeout" flag: it must be a number of seconds above 0; see --help`,
		"app:built --timeout soon":             `invalid argument "soon" for "--timeout" flag: it must be a number of seconds above 0`,
	} {
		var output, messages strings.Builder
		if code := run(t.Context(), strings.Fields(words), &output, &messages); code != 2 || !strings.Contains(messages.String(), phrase) {
			t.Errorf("%q: exit code %d, and the message is %q, want %q in it", words, code, messages.String(), phrase)
		}
	}
	var output, messages strings.Builder
	if code := run(t.Context(), []string{"--help"}, &output, &messages); code != 0 || output.String() != usage {
		t.Errorf("--help ends with %d and prints %q", code, output.String())
	}
}
