// Command plan-gate refuses a plan of which not every step is known to be harmless. scripts/plan-gate builds and runs it.
package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"mediaserver/tools/arguments"
	"mediaserver/tools/gate"
)

const usage = `Usage: pulumi preview --json --show-sames | scripts/plan-gate [options]
       scripts/plan-gate [options] PLAN

Reads the plan that 'pulumi preview --json --show-sames' prints, from the file PLAN or from standard input. A plan
passes if it changes only properties that are free, or if it creates a whole stack. Everything else is refused until
somebody allows it: each deletion, replacement, import, new resource and change of another property.

  --stack STACK      the stack that the plan must be of, as PROJECT/NAME
  --allow ALLOWANCE  let what the gate refused pass; it prints the allowance of each. May be given several times. The
                     environment variable PLAN_GATE_ALLOW adds more, separated by white space or commas.
  --commit COMMIT    the commit that the plan was made of. An allowance is good for this commit only.
  --markdown FILE    also write the result and all changes as Markdown
  --rules            print the properties that are free, and end
  --help             print this

Exit codes:
  0  the plan is harmless, or all else in it is allowed
  1  something in the plan is neither harmless nor allowed
  2  wrong usage
  3  a needed program is missing
  4  the plan cannot be read: empty, cut short, of another stack, without what stays as it is, or not from 'pulumi
     preview --json'
  5  the preview itself reports an error
`

// Exit codes, as the usage tells them.
const (
	exitRefused    = 1
	exitUsage      = 2
	exitUnreadable = 4
	exitFailed     = 5
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "plan-gate: %v\n", err)
	}
	os.Exit(code)
}

// run does what the command line asks for, and returns the exit code.
func run(words []string) (int, error) {
	flags := arguments.Flags("plan-gate")
	stack, commit, markdown := flags.String("stack", "", ""), flags.String("commit", "", ""), flags.String("markdown", "", "")
	allow, rules := flags.StringArray("allow", nil, ""), flags.Bool("rules", false, "")
	plans, err := arguments.Parse(flags, words)
	switch {
	case errors.Is(err, arguments.ErrHelp):
		fmt.Print(usage)
		return 0, nil
	case err != nil:
		return exitUsage, err
	case len(plans) > 1:
		return exitUsage, fmt.Errorf("name one plan only, not %q and %q", plans[0], plans[1])
	case flags.Changed("stack") && !regexp.MustCompile(`^[^/]+/[^/]+$`).MatchString(*stack):
		return exitUsage, fmt.Errorf("--stack %q: it needs a project and the name of a stack, such as mediaserver/dev", *stack)
	case *rules:
		fmt.Print(gate.Rules())
		return 0, nil
	}
	plan, err := read(plans, *stack)
	if err != nil {
		report := write(*markdown, "### Plan\n\n**Refused: it cannot be read.** The log of the run says why.\n")
		return exitUnreadable, errors.Join(fmt.Errorf("cannot read the plan: %s", gate.Plain(err.Error())), report)
	}
	judgement := gate.Judge(plan, *commit, split(strings.Join(*allow, " ")+" "+os.Getenv("PLAN_GATE_ALLOW")))
	if err := write(*markdown, judgement.Markdown()); err != nil {
		return exitUsage, err
	}
	for _, message := range judgement.Failures {
		fmt.Fprintln(os.Stderr, gate.Plain(message))
	}
	if len(judgement.Failures) > 0 {
		return exitFailed, errors.New("the preview reports errors; there is no plan to judge")
	}
	fmt.Print(judgement.Text())
	switch needed := judgement.Needed(); {
	case len(needed) > 0:
		return exitRefused, errors.New("refused; if this is meant, let it pass with\n  --allow " + strings.Join(needed, "\n  --allow "))
	case judgement.Refused():
		return exitRefused, errors.New("refused")
	}
	return 0, nil
}

// read reads the plan from the file named, or from standard input if none is.
func read(names []string, stack string) (gate.Plan, error) {
	if len(names) == 0 {
		return gate.Read(os.Stdin, stack)
	}
	file, err := os.Open(names[0])
	if err != nil {
		return gate.Plan{}, err
	}
	defer file.Close()
	return gate.Read(file, stack)
}

// split takes a list of allowances apart. People also paste them as the gate prints them: as options, or as labels.
func split(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	for i, word := range words {
		words[i] = strings.TrimPrefix(word, gate.LabelPrefix)
	}
	return words
}

// write writes the report, unless no file is named.
func write(name, report string) error {
	if name == "" {
		return nil
	}
	if err := os.WriteFile(name, []byte(report), 0o644); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}
