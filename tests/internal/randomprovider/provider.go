// Package randomprovider stands in for the random plugin of Pulumi: it serves
// RandomString and RandomPassword, drawn from the operating system's source of
// randomness.
package randomprovider

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"mediaserver/tests/internal/provider"
)

// Version is the version of the official plugin that this package follows.
const Version = "4.19.1"

// client is what resources work with: nothing but themselves.
type client struct{}

// Serve serves the package on a free port of 127.0.0.1 until the server is
// closed.
func Serve() (*provider.Server, error) {
	served := &provider.Package[client]{
		Name:      "random",
		Version:   Version,
		NewConfig: func() provider.Config[client] { return &config{} },
		Resources: []provider.Resource[client]{randomString, randomPassword},
	}
	return served.Serve()
}

// config is empty: the official plugin has no settings either.
type config struct{}

// Check implements [provider.Config].
func (*config) Check(*provider.Problems) {}

// Connect implements [provider.Config].
func (*config) Connect() (client, map[string]string, error) { return client{}, nil, nil }

// inputs say which characters to draw and how many of each class at least.
// A class that is not stated is drawn from.
type inputs struct {
	Length          int32             `pulumi:"length"`
	Lower           *bool             `pulumi:"lower,optional"`
	Upper           *bool             `pulumi:"upper,optional"`
	Numeric         *bool             `pulumi:"numeric,optional"`
	Special         *bool             `pulumi:"special,optional"`
	OverrideSpecial *string           `pulumi:"overrideSpecial,optional"`
	MinLower        *int32            `pulumi:"minLower,optional"`
	MinUpper        *int32            `pulumi:"minUpper,optional"`
	MinNumeric      *int32            `pulumi:"minNumeric,optional"`
	MinSpecial      *int32            `pulumi:"minSpecial,optional"`
	Keepers         map[string]string `pulumi:"keepers,optional"`
}

// stringOutputs are the result and the settings as the official plugin reports
// them, its defaults filled in.
type stringOutputs struct {
	Result     string `pulumi:"result"`
	Lower      bool   `pulumi:"lower"`
	Upper      bool   `pulumi:"upper"`
	Numeric    bool   `pulumi:"numeric"`
	Number     bool   `pulumi:"number"`
	Special    bool   `pulumi:"special"`
	MinLower   int32  `pulumi:"minLower"`
	MinUpper   int32  `pulumi:"minUpper"`
	MinNumeric int32  `pulumi:"minNumeric"`
	MinSpecial int32  `pulumi:"minSpecial"`
}

type passwordOutputs struct {
	stringOutputs
	BcryptHash string `pulumi:"bcryptHash"`
}

// replacing lists the inputs whose change draws anew: all of them.
var replacing = []string{
	"length", "lower", "upper", "numeric", "special", "overrideSpecial",
	"minLower", "minUpper", "minNumeric", "minSpecial", "keepers",
}

// drawnLater is the id of a password, which must not show its value.
const drawnLater = "none"

// randomString has its value as its id, as with the official plugin.
var randomString = &provider.Kind[client, inputs, stringOutputs]{
	Token:   "random:index/randomString:RandomString",
	Replace: replacing,
	Check:   check,
	Create: func(_ context.Context, _ client, in *inputs) (string, error) {
		return draw(in)
	},
	Read: func(_ context.Context, _ client, id string, in *inputs, out *stringOutputs) error {
		out.Result = id
		out.describe(in)
		return nil
	},
	Delete: func(context.Context, client, string, *inputs, *stringOutputs) error { return nil },
}

// randomPassword exists in the state only: Read draws it when there is none.
var randomPassword = &provider.Kind[client, inputs, passwordOutputs]{
	Token:   "random:index/randomPassword:RandomPassword",
	Replace: replacing,
	Secret:  []string{"result", "bcryptHash"},
	Check:   check,
	Create: func(context.Context, client, *inputs) (string, error) {
		return drawnLater, nil
	},
	Read: func(_ context.Context, _ client, _ string, in *inputs, out *passwordOutputs) error {
		out.describe(in)
		if out.Result != "" {
			return nil
		}
		result, err := draw(in)
		if err != nil {
			return err
		}
		hash, err := bcrypt.GenerateFromPassword([]byte(result[:min(len(result), bcryptBytes)]), bcrypt.DefaultCost)
		if err != nil {
			return fmt.Errorf("hash the password: %w", err)
		}
		out.Result, out.BcryptHash = result, string(hash)
		return nil
	},
	Delete: func(context.Context, client, string, *inputs, *passwordOutputs) error { return nil },
}

// bcryptBytes is how much of a password bcrypt takes into account.
const bcryptBytes = 72

// describe fills in the settings that the inputs leave to the defaults.
func (o *stringOutputs) describe(in *inputs) {
	o.Lower, o.Upper = stated(in.Lower), stated(in.Upper)
	o.Numeric, o.Number, o.Special = stated(in.Numeric), stated(in.Numeric), stated(in.Special)
	o.MinLower, o.MinUpper = count(in.MinLower), count(in.MinUpper)
	o.MinNumeric, o.MinSpecial = count(in.MinNumeric), count(in.MinSpecial)
}

func stated(flag *bool) bool { return flag == nil || *flag }

func count(least *int32) int32 {
	if least == nil {
		return 0
	}
	return *least
}

func check(in *inputs, problems *provider.Problems) {
	if in.Length < 1 {
		problems.Refuse("length", in.Length, "must be at least 1")
	}
	if least := count(in.MinLower) + count(in.MinUpper) + count(in.MinNumeric) + count(in.MinSpecial); in.Length < least &&
		problems.Known("length", "minLower", "minUpper", "minNumeric", "minSpecial") {
		problems.Refuse("length", in.Length, fmt.Sprintf("must be at least the sum of the minimums, %d", least))
	}
	if len(in.alphabet()) == 0 && problems.Known("lower", "upper", "numeric", "special", "overrideSpecial") {
		problems.Refuse("lower", false, "must be true if upper, numeric and special are false")
	}
}

const (
	lowerCharacters   = "abcdefghijklmnopqrstuvwxyz"
	upperCharacters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numericCharacters = "0123456789"
	specialCharacters = "!@#$%&*()-_=+[]{}<>:?"
)

func (in *inputs) special() string {
	if in.OverrideSpecial != nil {
		return *in.OverrideSpecial
	}
	return specialCharacters
}

// alphabet is all characters that may occur.
func (in *inputs) alphabet() string {
	var alphabet strings.Builder
	for _, class := range []struct {
		flag       *bool
		characters string
	}{
		{in.Lower, lowerCharacters},
		{in.Upper, upperCharacters},
		{in.Numeric, numericCharacters},
		{in.Special, in.special()},
	} {
		if stated(class.flag) {
			alphabet.WriteString(class.characters)
		}
	}
	return alphabet.String()
}

// draw draws the least number of each class, the rest from the whole alphabet,
// and shuffles them.
func draw(in *inputs) (string, error) {
	drawn := make([]byte, 0, in.Length)
	for _, class := range []struct {
		least      int32
		characters string
	}{
		{count(in.MinLower), lowerCharacters},
		{count(in.MinUpper), upperCharacters},
		{count(in.MinNumeric), numericCharacters},
		{count(in.MinSpecial), in.special()},
		{in.Length, in.alphabet()},
	} {
		for taken := int32(0); taken < class.least && len(drawn) < int(in.Length); taken++ {
			position, err := below(len(class.characters))
			if err != nil {
				return "", err
			}
			drawn = append(drawn, class.characters[position])
		}
	}
	for last := len(drawn) - 1; last > 0; last-- {
		other, err := below(last + 1)
		if err != nil {
			return "", err
		}
		drawn[last], drawn[other] = drawn[other], drawn[last]
	}
	return string(drawn), nil
}

// below draws a number from 0 up to, and not including, the bound.
func below(bound int) (int, error) {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(bound)))
	if err != nil {
		return 0, fmt.Errorf("draw a random number: %w", err)
	}
	return int(number.Int64()), nil
}
