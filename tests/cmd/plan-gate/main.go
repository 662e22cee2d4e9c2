// Command plan-gate refuses a plan that deletes or replaces something that holds data or identity, or that takes
// a protection away. scripts/plan-gate builds and runs it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mediaserver/tests/internal/plangate"
	"mediaserver/tools/arguments"
)

const usage = `Usage: pulumi preview --json --show-sames | plan-gate [options]
       plan-gate [options] PLAN

Reads the plan that 'pulumi preview --json --show-sames' prints, from the file PLAN or from standard input. Fails if
it deletes or replaces a resource that holds data or identity or that the service cannot run without, or if it changes
one so that a protection gets weaker: versioning, public-access block, encryption, expiry of media, security groups,
policies, rollback of deployments, protection against deletion, retention of logs, HTTPS. No secret is printed.

  --allow ALLOWANCE  let one refused change pass; the gate prints the allowance of each. May be given several
                     times. The environment variable PLAN_GATE_ALLOW adds more, separated by white space or commas.
  --commit COMMIT    the commit that the plan was made of. An allowance is good for this commit only.
  --markdown FILE    also write the result and the whole plan as Markdown
  --help             print this

Exit codes:
  0  nothing dangerous, or all of it allowed
  1  the plan does something dangerous that is not allowed
  2  wrong usage
  3  a needed program is missing
  4  the plan cannot be read: empty, cut short, without what stays as it is, or not from 'pulumi preview --json'
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
	var exit exitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		fmt.Fprintf(os.Stderr, "plan-gate: %v\n", err)
		os.Exit(exit.code)
	default:
		fmt.Fprintf(os.Stderr, "plan-gate: %v\n", err)
		os.Exit(exitUnreadable)
	}
}

// request is what the command line asks for.
type request struct {
	plan, commit, markdown string
	allowances             []string
}

func run(words []string, stdin io.Reader, stdout, stderr io.Writer) error {
	asked, err := parse(words)
	if errors.Is(err, arguments.ErrHelp) {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	if err != nil {
		return exitError{exitUsage, err}
	}
	plan, err := read(asked.plan, stdin)
	if err != nil {
		err = exitError{exitUnreadable, fmt.Errorf("cannot read the plan%s: %w", quoted(asked.plan), err)}
		return errors.Join(err, write(asked.markdown, func(w io.Writer) error {
			_, err := io.WriteString(w, "### Plan\n\n**It cannot be read.** The preview printed no plan.\n")
			return err
		}))
	}
	judgement := plangate.Judge(plan, asked.commit, asked.allowances)
	if err := write(asked.markdown, judgement.WriteMarkdown); err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot write the report: %w", err)}
	}
	if len(judgement.Failures) > 0 {
		fmt.Fprintln(stderr, strings.Join(judgement.Failures, "\n"))
		return exitError{exitFailed, errors.New("the preview reports errors; there is no plan to judge")}
	}
	if err := judgement.WriteText(stdout); err != nil {
		return err
	}
	for _, unused := range judgement.Unused {
		fmt.Fprintf(stderr, "plan-gate: fits nothing in this plan at this commit: --allow %s\n", unused)
	}
	if !judgement.Refused() {
		return nil
	}
	message := "refused; if this is meant, let it pass with"
	for _, change := range judgement.Changes {
		if len(change.Dangers) > 0 && !change.Allowed {
			message += "\n  --allow " + change.Allowance
		}
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

// split takes a list of allowances apart.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

func quoted(name string) string {
	if name == "" || name == "-" {
		return ""
	}
	return fmt.Sprintf(" '%s'", name)
}

func read(name string, stdin io.Reader) (plangate.Plan, error) {
	if name == "" || name == "-" {
		return plangate.Read(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return plangate.Plan{}, err
	}
	defer file.Close()
	return plangate.Read(file)
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
