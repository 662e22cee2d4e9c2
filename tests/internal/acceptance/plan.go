package acceptance

import (
	"fmt"
	"strings"
	"time"
)

// What a run costs, in US cents: list prices of autumn 2026 in London (eu-west-2). An hour of the stack with one or two
// tasks of the smallest size is about 10 cents (docs/operating.md: 60 to 70 dollars a month); the images, the calls and
// the tasks that fail are far below one.
const centsPerHour = 10

// About is how long a run takes on AWS: the sum of what its steps take.
func About() time.Duration {
	var total time.Duration
	for _, step := range append(append([]step{}, steps...), lastSteps...) {
		total += step.about
	}
	return total
}

// Plan says what a run does in the account, where, how long it takes and what it costs, before anything is made.
func (a Account) Plan(name, folder, report string) string {
	minutes := int(About().Round(5 * time.Minute).Minutes())
	// Twice the time covers what AWS takes on a slow day.
	cents := max(1, int(2*About().Hours()*centsPerHour+0.5))
	var text strings.Builder
	text.WriteString("The acceptance run deploys a stack of its own on AWS, tries everything, and takes all of it away again.\n\n")
	fmt.Fprintf(&text, "  Account  %s, as %s\n", a.ID, a.Caller)
	fmt.Fprintf(&text, "  Region   %s (it needs its default VPC)\n", a.Region)
	fmt.Fprintf(&text, "  Name     %s: every name begins with it, and it is the tag %s\n", name, RunTag)
	fmt.Fprintf(&text, "  Takes    about %d minutes; an estimate, and AWS has slow days\n", minutes)
	fmt.Fprintf(&text, "  Costs    less than %d US cents; whatever were left would cost about %d US dollars a day\n", cents, (24*centsPerHour+99)/100)
	fmt.Fprintf(&text, "  State    %s (removed when everything has passed)\n", folder)
	fmt.Fprintf(&text, "  Report   %s\n\n", report)
	text.WriteString(Steps())
	text.WriteString("\nUse an account for tests, with an administrator's rights. Ctrl-C ends the run early and takes everything away.\n")
	return text.String()
}

// Steps lists the steps.
func Steps() string {
	var text strings.Builder
	for i, step := range append(append([]step{}, steps...), lastSteps...) {
		fmt.Fprintf(&text, "  %2d. %s\n", i+1, step.name)
	}
	return text.String()
}
