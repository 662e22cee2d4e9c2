package python

import (
	"os"
	"slices"
	"strings"
)

// Environment is this process's environment for a program that loads the AWS SDK before anybody wants something of it:
// without what configures AWS clients, and without variables of other prefixes.
func Environment(prefixes ...string) []string {
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc(append(prefixes, "AWS_"), func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
	return append(own, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}
