package main

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"mediaserver/tests/internal/tryimage"
)

// TestTheDocumentAndTheHelpTellTheSameExitCodes holds together the codes in the program, its help, and the document.
func TestTheDocumentAndTheHelpTellTheSameExitCodes(t *testing.T) {
	helped, documented := map[string]string{}, map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^ +(\d+)  (.+)$`).FindAllStringSubmatch(usage, -1) {
		helped[match[1]] = match[2]
	}
	text := read(t, "../../../docs/deploying.md")
	section := regexp.MustCompile(`(?s)## Does the image fit\?.*?\n## `).FindString(text)
	for _, match := range regexp.MustCompile(`\| (\d+) \| ([^|]+) (?:\||$)`).FindAllStringSubmatch(
		regexp.MustCompile(`\| (\d+) \| ([^|]+) \| (\d+) \| `).ReplaceAllString(section, "| $1 | $2 |\n| $3 | "), -1) {
		documented[match[1]] = match[2]
	}
	if !maps.Equal(helped, documented) {
		t.Errorf("the help tells %v\nthe document tells %v", helped, documented)
	}
	codes := []tryimage.Code{
		exitOther, exitUsage, tryimage.Fits, tryimage.NoEngine, tryimage.NoPlan, tryimage.NoImage, tryimage.OtherFormat,
		tryimage.NotStarted, tryimage.Exited, tryimage.OutOfMemory, tryimage.NoProgram, tryimage.OtherPort, tryimage.LoopbackOnly,
		tryimage.Unhealthy, tryimage.AWSRefused, tryimage.NotInTime, tryimage.OwnCheckFail, tryimage.Interrupted,
	}
	var want []string
	for _, code := range codes {
		want = append(want, strconv.Itoa(int(code)))
	}
	if got := slices.Sorted(maps.Keys(helped)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the help tells of the codes %v, the program has %v", got, want)
	}
}
