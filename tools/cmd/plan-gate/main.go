// Command plan-gate refuses a plan of which not every step is known to be harmless. scripts/plan-gate builds and runs it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mediaserver/tools/arguments"
	"mediaserver/tools/gate"
)

const usage = `Usage: pulumi preview --json --show-sames | plan-gate [options]
       plan-gate [options] PLAN

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

// exitError is an error with the exit code that it ends in.
type exitError struct {
	code int
	error
}

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	code := exitUnreadable
	if exit, is := errors.AsType[exitError](err); is {
		code = exit.code
	}
	fmt.Fprintf(os.Stderr, "plan-gate: %v\n", err)
	os.Exit(code)
}

// request is what the command line asks for.
type request struct {
	plan, stack, commit, markdown string
	rules                         bool
	allowances                    []string
}

func run(words []string, stdin io.Reader, stdout, stderr io.Writer) error {
	asked, err := parse(words)
	switch {
	case errors.Is(err, arguments.ErrHelp):
		_, err := io.WriteString(stdout, usage)
		return err
	case err != nil:
		return exitError{exitUsage, err}
	case asked.rules:
		return gate.WriteRules(stdout)
	}
	plan, err := read(asked, stdin)
	if err != nil {
		err = exitError{exitUnreadable, fmt.Errorf("cannot read the plan%s: %s", quoted(asked.plan), gate.Plain(err.Error()))}
		return errors.Join(err, write(asked.markdown, func(w io.Writer) error {
			_, err := io.WriteString(w, "### Plan\n\n**Refused: it cannot be read.** The log of the run says why.\n")
			return err
		}))
	}
	judgement := gate.Judge(plan, asked.commit, asked.allowances)
	if err := write(asked.markdown, judgement.WriteMarkdown); err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot write the report: %w", err)}
	}
	if len(judgement.Failures) > 0 {
		for _, message := range judgement.Failures {
			fmt.Fprintln(stderr, gate.Plain(message))
		}
		return exitError{exitFailed, errors.New("the preview reports errors; there is no plan to judge")}
	}
	if err := judgement.WriteText(stdout); err != nil {
		return err
	}
	for _, unused := range judgement.Unused {
		fmt.Fprintf(stderr, "plan-gate: fits nothing in this plan at this commit: --allow %s\n", gate.Plain(unused))
	}
	if !judgement.Refused() {
		return nil
	}
	message := "refused"
	if needed := judgement.Needed(); len(needed) > 0 {
		message += "; if this is meant, let it pass with\n  --allow " + strings.Join(needed, "\n  --allow ")
	}
	return exitError{exitRefused, errors.New(message)}
}

// parse reads the command line. Flags may stand behind the plan too.
func parse(words []string) (request, error) {
	asked := request{allowances: split(os.Getenv("PLAN_GATE_ALLOW"))}
	flags := arguments.Flags("plan-gate")
	flags.Func("allow", "", func(text string) error {
		given := split(text)
		if len(given) == 0 {
			return errors.New("it needs an allowance")
		}
		asked.allowances = append(asked.allowances, given...)
		return nil
	})
	flags.StringVar(&asked.commit, "commit", "", "")
	flags.BoolVar(&asked.rules, "rules", false, "")
	flags.Func("stack", "", func(stack string) error {
		if project, name, _ := strings.Cut(stack, "/"); project == "" || name == "" {
			return errors.New("it needs a project and the name of a stack, such as mediaserver/dev")
		}
		asked.stack = stack
		return nil
	})
	flags.Func("markdown", "", func(name string) error {
		if name == "" {
			return errors.New("it needs the name of a file")
		}
		asked.markdown = name
		return nil
	})
	plans, err := arguments.Parse(flags, words)
	if err != nil {
		return request{}, err
	}
	if len(plans) > 1 {
		return request{}, fmt.Errorf("name one plan only, not %q and %q", plans[0], plans[1])
	}
	if len(plans) == 1 {
		asked.plan = plans[0]
	}
	return asked, nil
}

// split takes a list of allowances apart. People also paste them as the gate prints them: as options, or as labels.
func split(text string) []string {
	var allowances []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		if word != "--allow" {
			allowances = append(allowances, strings.TrimPrefix(word, "allow:"))
		}
	}
	return allowances
}

func quoted(name string) string {
	if name == "" || name == "-" {
		return ""
	}
	return fmt.Sprintf(" '%s'", name)
}

func read(asked request, stdin io.Reader) (gate.Plan, error) {
	if asked.plan == "" || asked.plan == "-" {
		return gate.Read(stdin, asked.stack)
	}
	file, err := os.Open(asked.plan)
	if err != nil {
		return gate.Plan{}, err
	}
	defer file.Close()
	return gate.Read(file, asked.stack)
}

// write writes a file, unless no name is given.
func write(name string, content func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := content(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
