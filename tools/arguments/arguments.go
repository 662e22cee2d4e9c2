// Package arguments reads the command lines of the commands behind scripts/, all in one way.
package arguments

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"
)

// ErrHelp is what Parse returns where a person asked for the help: -h or --help.
var ErrHelp = pflag.ErrHelp

// Flags are an empty set of flags that prints nothing: each command has a help of its own.
func Flags(command string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(command, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// Parse reads the words of a command line, with flags before, between and after the other words, and returns those
// others. An error is one line that names the flag, or ErrHelp.
func Parse(flags *pflag.FlagSet, words []string) ([]string, error) {
	err := flags.Parse(words)
	if err != nil && !errors.Is(err, ErrHelp) {
		return nil, fmt.Errorf("%w; see --help", err)
	}
	return flags.Args(), err
}
