package main

import (
	"strings"
	"testing"

	"mediaserver/tools/adopt"
)

func TestTheNextStepsQuoteWhatAShellWouldMisread(t *testing.T) {
	steps := request{
		state: "it's.json", stack: "prod", folder: "/my files", name: "films; ls",
		mappings: []adopt.Mapping{{Address: `module.media.aws_lb.this["a b"]`, Name: "mediaserver"}},
	}.nextSteps()
	for _, want := range []string{
		"--file '/my files/prod.import.json' ", `scripts/adopt-terraform 'it'\''s.json' --map 'module.media.aws_lb.this["a b"]=mediaserver' --name 'films; ls' --stack`, "--rest --folder '/my files'\n",
	} {
		if !strings.Contains(steps, want) {
			t.Errorf("the next steps lack %s:\n%s", want, steps)
		}
	}
}
