// Command adopt-terraform brings a deployment of Terraform under Pulumi's management. scripts/adopt-terraform builds
// and runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"mediaserver/tools/adopt"
	"mediaserver/tools/adopt/tfstate"
	"mediaserver/tools/arguments"
	"mediaserver/tools/shellword"
)

const usage = `Usage: scripts/adopt-terraform STATE --stack STACK [options]
       adopt-terraform STATE --stack STACK --rest [options]
       adopt-terraform STATE --stack STACK --random-values [options]
       adopt-terraform STATE --addresses [options]

Brings the media server that Terraform deployed under Pulumi's management, with nothing replaced. STATE is the file
that 'terraform state pull' or 'terraform show -json' wrote, or - for standard input. It holds the JWT secret in
plain, so nobody but you may be able to read it. docs/adopting.md has the whole way.

Without a further option it asks Amazon ECS which revision the service runs, prints what the first 'pulumi up' will
change, and writes two files. They hold no secret, unless the task definition has one in a plain variable:
  Pulumi.STACK.yaml    the settings, for review; the container's plain variables are among them
  STACK.import.json    what 'pulumi import --file' takes
It writes nothing if that 'pulumi up' would break the application, and says what to do.

  --rest               after an import that stopped half-way: write STACK.import.json again, with what the stack does
                       not have yet
  --random-values      after the import: put the suffix of the bucket's name and the JWT secret into the state of
                       the stack, where Pulumi encrypts the secret. It goes through no file and no argument
  --addresses          print what to take out of Terraform at the end, one address a line

  --map ADDRESS=NAME   the address in the state is the resource of the stack with this logical name, where the
                       guide names it otherwise; a - leaves it to Terraform. May be given several times
  --module PREFIX      look only into this module and those in it, such as module.media
  --accept ADDRESS:ATTRIBUTE
                       adopt although the first 'pulumi up' changes this attribute. May be given several times; a
                       refusal prints it
  --name NAME          the setting 'name'; by default it is found in the names of the resources
  --folder FOLDER      where the two files go; by default beside Pulumi.yaml
  --overwrite          replace those that are there; of Pulumi.STACK.yaml only the settings
  --help               print this

Exit codes:
  0  done
  1  the deployment would be wrong to adopt as it is, or Pulumi failed
  2  wrong usage
  3  a needed program is missing
  4  the state cannot be read
`

// Exit codes, as the usage tells them.
const (
	exitRefused    = 1
	exitUsage      = 2
	exitMissing    = 3
	exitUnreadable = 4
)

// exitError is an error with its exit code.
type exitError struct {
	code int
	error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	root, err := locate()
	if err == nil {
		err = run(ctx, root, os.Args[1:], os.Stdin, os.Stdout)
	}
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(os.Stderr, "adopt-terraform: %s\n", strings.TrimSuffix(line, "\n"))
	}
	var exit exitError
	if errors.As(err, &exit) {
		os.Exit(exit.code)
	}
	os.Exit(exitRefused)
}

// request is what the command line asks for.
type request struct {
	// words are the whole command line.
	words                         []string
	state, stack, folder          string
	options                       adopt.Options
	randomValues, addresses, rest bool
	overwrite                     bool
}

// run does what the words of the command line ask for, with the program in the folder root.
func run(ctx context.Context, root string, words []string, stdin io.Reader, stdout io.Writer) error {
	asked, err := parse(words)
	if errors.Is(err, arguments.ErrHelp) {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	if err != nil {
		return exitError{exitUsage, err}
	}
	asked.options.Project, err = adopt.ReadProject(root)
	if err != nil {
		return fmt.Errorf("read the program's project: %w", err)
	}
	state, err := read(asked.state, stdin)
	if err != nil {
		return exitError{exitUnreadable, fmt.Errorf("cannot read the state '%s': %w", asked.state, err)}
	}
	asked.options.Ask = func(region, cluster, service string) (map[string]any, error) {
		return adopt.AskECS(ctx, region, cluster, service)
	}
	adopted, err := adopt.Read(state, asked.options)
	if err != nil {
		return err
	}
	if asked.folder == "" {
		asked.folder = root
	}
	var told string
	switch stack := (pulumi{root, asked.stack}); {
	case asked.addresses:
		told = strings.Join(adopted.Addresses(), "\n") + "\n"
	case asked.randomValues:
		told, err = insertRandomValues(ctx, stack, adopted)
	case asked.rest:
		told, err = writeRest(ctx, stack, asked.importFile(), adopted)
	default:
		told, err = writeFiles(asked, adopted)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, told)
	return err
}

// stackName is the name of a stack without an organization: the two files are named after it.
var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// parse reads the command line. Flags may follow the state.
func parse(words []string) (request, error) {
	asked := request{words: words}
	flags := arguments.Flags("adopt-terraform")
	flags.StringVar(&asked.stack, "stack", "", "")
	flags.StringVar(&asked.folder, "folder", "", "")
	flags.StringVar(&asked.options.Name, "name", "", "")
	flags.StringVar(&asked.options.Module, "module", "", "")
	flags.StringArrayVar(&asked.options.Accepted, "accept", nil, "")
	flags.BoolVar(&asked.randomValues, "random-values", false, "")
	flags.BoolVar(&asked.rest, "rest", false, "")
	flags.BoolVar(&asked.addresses, "addresses", false, "")
	flags.BoolVar(&asked.overwrite, "overwrite", false, "")
	flags.Func("map", "", func(text string) error {
		mapping, err := adopt.ParseMapping(text)
		asked.options.Mappings = append(asked.options.Mappings, mapping)
		return err
	})
	states, err := arguments.Parse(flags, words)
	switch {
	case err != nil:
		return request{}, err
	case len(states) != 1:
		return request{}, fmt.Errorf("name one state, not %d (%s); see --help", len(states), strings.Join(states, ", "))
	case asked.addresses && asked.randomValues || asked.addresses && asked.rest || asked.randomValues && asked.rest:
		return request{}, errors.New("--addresses, --random-values and --rest exclude each other; see --help")
	case !asked.addresses && !stackName.MatchString(asked.stack):
		return request{}, fmt.Errorf("--stack %q must be the name of a stack, without an organization: letters, digits, periods, "+
			"hyphens and underscores", asked.stack)
	}
	asked.state = states[0]
	return asked, nil
}

// locate finds the program's folder from the location of this command, bin/adopt-terraform.
func locate() (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", err
	}
	executable, err = filepath.EvalSymlinks(executable)
	return filepath.Dir(filepath.Dir(executable)), err
}

// others are the permissions of everybody but the owner, which the file must not have.
const others = 0o077

func read(name string, stdin io.Reader) (tfstate.State, error) {
	if name == "-" {
		return tfstate.Read(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return tfstate.State{}, err
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		return tfstate.State{}, err
	}
	if about.Mode().IsRegular() && about.Mode().Perm()&others != 0 {
		return tfstate.State{}, fmt.Errorf("other users can read it, and it holds the JWT secret in plain text; run "+
			"`chmod 600 %s`", shellword.Quote(name))
	}
	return tfstate.Read(file)
}
