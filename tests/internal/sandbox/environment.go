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

// AccessKey and SecretKey are the credentials of the sandbox. The emulator accepts any.
const (
	AccessKey = "test"
	SecretKey = "test"
)

// passphrase encrypts the secrets of stacks that the user makes in the sandbox; its own have a key. It is no secret:
// what it guards is made up for the sandbox and goes away with it.
const passphrase = "sandbox"

// Variable is one environment variable.
type Variable struct{ Name, Value string }

// Variables are the environment variables that point the Pulumi CLI and AWS clients at the sandbox, beside
// those that are needed for a clean run of the CLI, sorted by name.
func (s *Stack) Variables() []Variable {
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
		"PULUMI_BACKEND_URL":          s.backend(),
		"PULUMI_CONFIG_PASSPHRASE":    passphrase,
		"PULUMI_SKIP_UPDATE_CHECK":    "true",
		"PULUMI_STACK":                s.Name,
		"PULUMI_OPTION_CONFIG_FILE":   s.SettingsFile(),
		// Pulumi's offers of its own services mean nothing for a stack that lives here alone.
		"PULUMI_SUPPRESS_NEO_LINK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	if s.Plugins == StandIn {
		values["PULUMI_HOME"] = s.homeDir()
		values["PULUMI_DEBUG_LANGUAGES"] = fmt.Sprintf("go:%d", s.LanguagePort)
		var providers []string
		for _, name := range slices.Sorted(maps.Keys(s.Providers)) {
			providers = append(providers, fmt.Sprintf("%s:%d", name, s.Providers[name]))
		}
		values["PULUMI_DEBUG_PROVIDERS"] = strings.Join(providers, ",")
	}
	var variables []Variable
	for _, name := range slices.Sorted(maps.Keys(values)) {
		variables = append(variables, Variable{name, values[name]})
	}
	return variables
}

// backend is the URL of the state folder. The file backend replaces a file in one step, but writes a file of
// attributes beside it in two, and cannot read the state any more when it was killed between the two; so it is
// told to write none.
func (s *Stack) backend() string {
	return (&url.URL{Scheme: "file", Path: s.stateDir(), RawQuery: "metadata=skip"}).String()
}

// Path is the value of PATH with the sandbox's CLI first.
func (s *Stack) Path() string {
	folder := filepath.Dir(s.CLI)
	folders := filepath.SplitList(os.Getenv("PATH"))
	if len(folders) > 0 && folders[0] == folder {
		return os.Getenv("PATH")
	}
	return strings.Join(append([]string{folder}, folders...), string(os.PathListSeparator))
}

// Env is the whole environment for a command that uses the sandbox: this process's own without any variable
// that would lead AWS clients or the CLI elsewhere, and Variables and Path.
func (s *Stack) Env() []string {
	var environment []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !leads(name, s.Plugins) && name != "PATH" {
			environment = append(environment, variable)
		}
	}
	for _, variable := range s.Variables() {
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	return append(environment, "PATH="+s.Path())
}

// Foreign are the names of this process's environment variables that Env leaves out and does not set.
func (s *Stack) Foreign() []string {
	set := map[string]bool{}
	for _, variable := range s.Variables() {
		set[variable.Name] = true
	}
	var names []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if leads(name, s.Plugins) && !set[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Exports are the commands that point the Pulumi CLI and AWS clients in a POSIX shell at the stack, and unset the variables
// that would point them elsewhere.
func (s *Stack) Exports() string {
	var commands strings.Builder
	for _, name := range s.Foreign() {
		fmt.Fprintf(&commands, "unset %s\n", name)
	}
	for _, variable := range s.Variables() {
		fmt.Fprintf(&commands, "export %s=%s\n", variable.Name, shellword.Quote(variable.Value))
	}
	fmt.Fprintf(&commands, "export PATH=%s:\"$PATH\"\n", shellword.Quote(filepath.Dir(s.CLI)))
	return commands.String()
}

// leads tells whether a variable of the user's may lead AWS clients or the CLI away from the sandbox. The
// official plugins are in the user's own Pulumi home, so that one stays for them.
func leads(name string, plugins Plugins) bool {
	if plugins == Official && name == "PULUMI_HOME" {
		return false
	}
	return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "PULUMI_")
}
