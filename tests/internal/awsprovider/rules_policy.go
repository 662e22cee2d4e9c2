package awsprovider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tests/internal/provider"
)

// checkPolicy refuses what is not a policy document: JSON with the current
// version and statements that each have an effect and an action, and a
// principal or a resource as the kind of policy demands.
func checkPolicy(problems *provider.Problems, path, document string, needs ...string) {
	// terraform-provider-aws, internal/verify/validate.go, ValidIAMPolicyJSON.
	if !strings.HasPrefix(document, "{") {
		problems.Refuse(path, document, "must be a policy as JSON: it must begin with {")
		return
	}
	var policy struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		problems.Refuse(path, document, "must be a policy as JSON: "+err.Error())
		return
	}
	if !slices.Contains([]string{"2012-10-17", "2008-10-17"}, policy.Version) {
		problems.Refuse(path, document, fmt.Sprintf("must have the Version 2012-10-17, not %q", policy.Version))
	}
	var statements []map[string]json.RawMessage
	if json.Unmarshal(policy.Statement, &statements) != nil {
		var single map[string]json.RawMessage
		if json.Unmarshal(policy.Statement, &single) == nil && single != nil {
			statements = append(statements, single)
		}
	}
	if len(statements) == 0 {
		problems.Refuse(path, document, "must have at least one Statement")
	}
	for i, statement := range statements {
		var effect string
		_ = json.Unmarshal(statement["Effect"], &effect)
		if effect != "Allow" && effect != "Deny" {
			problems.Refuse(path, document, fmt.Sprintf("Statement %d must have the Effect Allow or Deny", i))
		}
		for _, element := range append([]string{"Action"}, needs...) {
			_, has := statement[element]
			_, hasOpposite := statement["Not"+element]
			if !has && !hasOpposite {
				problems.Refuse(path, document, fmt.Sprintf("Statement %d must have %s or Not%s", i, element, element))
			}
		}
	}
}
