package adopt

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Report tells what happens to every address in the state and to every resource of the stack, and what the first update
// changes. It holds no secret.
func (a *Adoption) Report() string {
	var report strings.Builder
	fmt.Fprintf(&report, "%d of the %d resources of the stack are in the state, in the account %s, region %s.\n\n",
		len(a.Matches), len(a.Matches)+len(a.Missing), a.Account, a.Region)
	table := tabwriter.NewWriter(&report, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ADDRESS\tIN THE STACK\tHOW")
	for _, match := range a.Matches {
		how := "put into the stack's state; a secret is encrypted"
		switch {
		case match.Ours.Import != "":
			how = "imported"
		case match.Ours.Address == taskDefinition:
			how = "stays registered; a new revision follows"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", match.Theirs.Address, match.Ours.Key(), how)
	}
	// A strings.Builder takes everything.
	_ = table.Flush()
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(&report, "\n%s\n  %s\n", title, strings.Join(lines, "\n  "))
		}
	}
	var missing, left, belonging, differences []string
	for _, each := range a.Missing {
		missing = append(missing, fmt.Sprintf("%s (%s)", each.Key(), each.Address))
	}
	for _, unknown := range a.Unknown {
		switch {
		case unknown.Belongs != "":
			belonging = append(belonging, unknown.Address+": a part of "+unknown.Belongs)
		case unknown.Suggestion != "":
			left = append(left, unknown.Address+", unless it is one of the missing resources: "+unknown.Suggestion)
		default:
			left = append(left, unknown.Address)
		}
	}
	for _, each := range a.Differences {
		accepted := ""
		if each.Why != "" {
			accepted = " (accepted)"
		}
		differences = append(differences, fmt.Sprintf("%s: %s: %s%s", each.Address, each.Attribute, each.Change, accepted))
	}
	section("Not in the state; the first update makes them:", missing)
	section("Not part of the stack; these stay with Terraform:", left)
	section("Parts of adopted resources, which the program states whole; take these out of Terraform too:", belonging)
	section("The first update changes in place:", differences)
	section("Please check:", a.Remarks)
	return report.String()
}

// Addresses are all addresses that Terraform must forget once the stack manages them.
func (a *Adoption) Addresses() []string {
	var addresses []string
	for _, match := range a.Matches {
		addresses = append(addresses, match.Theirs.Address)
	}
	for _, unknown := range a.Unknown {
		if unknown.Belongs != "" {
			addresses = append(addresses, unknown.Address)
		}
	}
	return addresses
}
