package sandbox

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mediaserver/tools/shellword"
)

// passphrase encrypts the secrets of stacks that the user creates in the sandbox; its own stacks have a key. It is
// public, because these secrets exist only in the sandbox.
const passphrase = "sandbox"

// Environment points programs at a stack and an account, whatever the environment of this process does.
type Environment struct {
	// Variables are the variables that do so, by name.
	Variables map[string]string
	// Misleading tells whether a variable, given by its name, may point them elsewhere.
	Misleading func(name string) bool
}

// Environ is the environment of this process with Variables, and without the misleading ones.
func (e Environment) Environ() []string {
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, set := e.Variables[name]
		return set || e.Misleading(name)
	})
	for _, name := range slices.Sorted(maps.Keys(e.Variables)) {
		environment = append(environment, name+"="+e.Variables[name])
	}
	return environment
}

// Exports are the commands, one on a line, that do the same to a POSIX shell.
func (e Environment) Exports() string {
	var commands strings.Builder
	for _, variable := range slices.Sorted(slices.Values(os.Environ())) {
		if name, _, _ := strings.Cut(variable, "="); e.Misleading(name) {
			fmt.Fprintf(&commands, "unset %s\n", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Variables)) {
		fmt.Fprintf(&commands, "export %s=%s\n", name, shellword.Quote(e.Variables[name]))
	}
	return commands.String()
}

// Environment points the Pulumi CLI and AWS clients at the stack and its account.
func (s *Stack) Environment() Environment {
	values := map[string]string{
		"AWS_ACCESS_KEY_ID":         AccessKey,
		"AWS_SECRET_ACCESS_KEY":     SecretKey,
		"AWS_REGION":                Region,
		"AWS_DEFAULT_REGION":        Region,
		"AWS_ENDPOINT_URL":          s.Emulator,
		"AWS_EC2_METADATA_DISABLED": "true",
		// Profiles of the user may name roles, endpoints and credentials of real accounts.
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		// The file backend also writes a file of attributes beside each file, and cannot read the state if it was
		// killed between the two; so it is told to write none.
		"PULUMI_BACKEND_URL":        (&url.URL{Scheme: "file", Path: s.stateDir(), RawQuery: "metadata=skip"}).String(),
		"PULUMI_CONFIG_PASSPHRASE":  passphrase,
		"PULUMI_SKIP_UPDATE_CHECK":  "true",
		"PULUMI_STACK":              s.Name,
		"PULUMI_OPTION_CONFIG_FILE": s.SettingsFile(),
		// Pulumi's offers of its own services mean nothing for a stack that lives here alone.
		"PULUMI_SUPPRESS_NEO_LINK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	if s.Plugins == StandIn {
		values["PULUMI_HOME"] = s.homeDir()
		values["PULUMI_DEBUG_LANGUAGES"] = fmt.Sprintf("go:%d", s.LanguagePort)
		values["PULUMI_DEBUG_PROVIDERS"] = fmt.Sprintf("aws:%d,random:%d", s.Providers["aws"], s.Providers["random"])
	}
	return Environment{Variables: values, Misleading: func(name string) bool {
		// The official plugins are in the user's own Pulumi home.
		return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "PULUMI_") && name != "PULUMI_HOME"
	}}
}

// Env is the whole environment for a command that uses the stack, with the sandbox's CLI first on PATH.
func (s *Stack) Env() []string {
	environment := s.Environment()
	environment.Variables["PATH"] = s.Path()
	return environment.Environ()
}

// Exports are the commands, one on a line, that do the same to a POSIX shell.
func (s *Stack) Exports() string {
	return s.Environment().Exports() + fmt.Sprintf("export PATH=%s:\"$PATH\"\n", shellword.Quote(filepath.Dir(s.CLI)))
}

// Path is the value of PATH with the sandbox's CLI first.
func (s *Stack) Path() string {
	return filepath.Dir(s.CLI) + string(os.PathListSeparator) + os.Getenv("PATH")
}
