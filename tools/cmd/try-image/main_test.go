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
	for name, each := range map[string]struct {
		arguments []string
		phrase    string
	}{
		"no image":          {nil, "name the image to try, as docker names it: scripts/try-image app:built"},
		"two images":        {[]string{"app:built", "--keep", "app:other"}, `name one image only, not "app:built" and "app:other"`},
		"unknown option":    {[]string{"app:built", "--now"}, "unknown flag: --now; see --help"},
		"two stacks":        {[]string{"app:built", "--stack", "dev", "--outputs", "file"}, "--stack and --outputs exclude each other"},
		"a stack of nobody": {[]string{"app:built", "--stack", ""}, "it needs a value"},
		"no time":           {[]string{"app:built", "--timeout", "0"}, `invalid argument "0" for "--timeout" flag: it must be a number of seconds above 0`},
		"a strange time":    {[]string{"app:built", "--timeout", "soon"}, `invalid argument "soon" for "--timeout" flag: it must be a number of seconds above 0; see --help`},
	} {
		t.Run(name, func(t *testing.T) {
			var output, messages strings.Builder
			if code := run(t.Context(), each.arguments, &output, &messages); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if !strings.Contains(messages.String(), each.phrase) || !strings.Contains(messages.String(), "--help") {
				t.Errorf("the message is %q, want %q in it", messages.String(), each.phrase)
			}
		})
	}
	var output, messages strings.Builder
	if code := run(t.Context(), []string{"--help"}, &output, &messages); code != 0 || output.String() != usage {
		t.Errorf("--help ends with %d and prints %q", code, output.String())
	}
}
