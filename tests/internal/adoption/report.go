package adoption

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes what becomes of every address of the state and of every resource of the stack. It holds no
// secret.
func (a Adoption) WriteText(writer io.Writer) error {
	var report strings.Builder
	fmt.Fprintf(&report, "%d of the %d resources of the stack are in the state, in the account %s, region %s.\n\n",
		len(a.Matches), len(a.Matches)+len(a.Missing), a.Account, a.Region)
	table := tabwriter.NewWriter(&report, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ADDRESS\tIN THE STACK\tHOW")
	for _, match := range a.Matches {
		fmt.Fprintf(table, "%s\t%s\t%s\n", match.Theirs.Address, match.Ours.Key(), ways[terraformType(match.Ours)].by)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	a.writeMissing(&report)
	a.writeUnknown(&report)
	if len(a.Remarks) > 0 {
		fmt.Fprint(&report, "\nLook at:\n")
		for _, remark := range a.Remarks {
			fmt.Fprintf(&report, "  %s\n", remark)
		}
	}
	_, err := io.WriteString(writer, report.String())
	return err
}

func (a Adoption) writeMissing(report io.Writer) {
	if len(a.Missing) == 0 {
		return
	}
	fmt.Fprint(report, "\nNot in the state; the first update makes them:\n")
	for _, each := range a.Missing {
		fmt.Fprintf(report, "  %s (%s)\n", each.Key(), each.Terraform)
	}
}

func (a Adoption) writeUnknown(report io.Writer) {
	var left, belonging []Unknown
	for _, unknown := range a.Unknown {
		if unknown.Belongs != "" {
			belonging = append(belonging, unknown)
		} else {
			left = append(left, unknown)
		}
	}
	if len(left) > 0 {
		fmt.Fprint(report, "\nNot known here; they stay with Terraform:\n")
		for _, unknown := range left {
			fmt.Fprintf(report, "  %s", unknown.Address)
			if unknown.Suggestion != "" {
				fmt.Fprintf(report, ", unless it is one of those that are not in the state: %s", unknown.Suggestion)
			}
			fmt.Fprintln(report)
		}
	}
	if len(belonging) > 0 {
		fmt.Fprint(report, "\nA part of what is adopted; take them out of Terraform too:\n")
		for _, unknown := range belonging {
			fmt.Fprintf(report, "  %s: a part of %s\n", unknown.Address, unknown.Belongs)
		}
	}
}

// Addresses are all addresses that Terraform must not manage any more once the stack does.
func (a Adoption) Addresses() []string {
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
