// Package randomprovider stands in for the random plugin of Pulumi: it serves
// RandomString and RandomPassword, drawn from the operating system's source of
// randomness.
package randomprovider

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
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

// text is a drawn text: which characters to draw, and what came of it. The official plugin fills in its defaults. The
// program states no least numbers of characters: only what was drawn elsewhere and adopted has them.
type text struct {
	Length          int32             `pulumi:"length"`
	Lower           *bool             `pulumi:"lower,optional,output"`
	Upper           *bool             `pulumi:"upper,optional,output"`
	Numeric         *bool             `pulumi:"numeric,optional,output"`
	Special         *bool             `pulumi:"special,optional,output"`
	OverrideSpecial *string           `pulumi:"overrideSpecial,optional"`
	MinLower        *int32            `pulumi:"minLower,optional,output"`
	MinUpper        *int32            `pulumi:"minUpper,optional,output"`
	MinNumeric      *int32            `pulumi:"minNumeric,optional,output"`
	MinSpecial      *int32            `pulumi:"minSpecial,optional,output"`
	Keepers         map[string]string `pulumi:"keepers,optional"`
	Number          bool              `pulumi:"number,output"`
	Result          string            `pulumi:"result,output"`
}

type password struct {
	text
	BcryptHash string `pulumi:"bcryptHash,output"`
}

// replacing lists the inputs whose change draws anew: all of them.
var replacing = []string{
	"length", "lower", "upper", "numeric", "special", "overrideSpecial",
	"minLower", "minUpper", "minNumeric", "minSpecial", "keepers",
}

// drawnLater is the id of a password, which must not show its value.
const drawnLater = "none"

// randomString has its value as its id, as with the official plugin.
var randomString = &provider.Kind[client, text]{
	Token:   "random:index/randomString:RandomString",
	Replace: replacing,
	Rules:   lengthRules,
	Create:  func(_ context.Context, _ client, in *text) (string, error) { return draw(in) },
	Read: func(_ context.Context, _ client, id string, in *text) error {
		in.Result = id
		in.fillIn()
		return nil
	},
	Delete: func(context.Context, client, string, *text) error { return nil },
}

// randomPassword exists in the state only: Read draws it when there is none.
var randomPassword = &provider.Kind[client, password]{
	Token:   "random:index/randomPassword:RandomPassword",
	Replace: replacing,
	Secret:  []string{"result", "bcryptHash"},
	Rules:   lengthRules,
	Create:  func(context.Context, client, *password) (string, error) { return drawnLater, nil },
	Read: func(_ context.Context, _ client, _ string, in *password) error {
		if in.Result == "" {
			result, err := draw(&in.text)
			if err != nil {
				return err
			}
			hash, err := bcrypt.GenerateFromPassword([]byte(result[:min(len(result), bcryptBytes)]), bcrypt.DefaultCost)
			if err != nil {
				return fmt.Errorf("hash the password: %w", err)
			}
			in.Result, in.BcryptHash = result, string(hash)
		}
		in.fillIn()
		return nil
	},
	Delete: func(context.Context, client, string, *password) error { return nil },
}

// bcryptBytes is how much of a password bcrypt takes into account.
const bcryptBytes = 72

// fillIn states the settings that are left to the defaults.
func (t *text) fillIn() {
	t.Number = stated(t.Numeric)
	for _, class := range []**bool{&t.Lower, &t.Upper, &t.Numeric, &t.Special} {
		*class = new(stated(*class))
	}
	for _, least := range []**int32{&t.MinLower, &t.MinUpper, &t.MinNumeric, &t.MinSpecial} {
		if *least == nil {
			*least = new(int32)
		}
	}
}

// stated says whether a class is drawn from: one that is not stated is.
func stated(class *bool) bool { return class == nil || *class }

var lengthRules = []provider.Rule{{
	Property: "length", Must: provider.Between(1, math.MaxInt32), Source: "terraform-provider-random, internal/provider/string.go",
}}

const (
	lowerCharacters   = "abcdefghijklmnopqrstuvwxyz"
	upperCharacters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numericCharacters = "0123456789"
	specialCharacters = "!@#$%&*()-_=+[]{}<>:?"
)

// alphabet is all characters that may occur.
func (t *text) alphabet() string {
	special := specialCharacters
	if t.OverrideSpecial != nil {
		special = *t.OverrideSpecial
	}
	var alphabet strings.Builder
	for _, class := range []struct {
		flag       *bool
		characters string
	}{
		{t.Lower, lowerCharacters},
		{t.Upper, upperCharacters},
		{t.Numeric, numericCharacters},
		{t.Special, special},
	} {
		if stated(class.flag) {
			alphabet.WriteString(class.characters)
		}
	}
	return alphabet.String()
}

func draw(in *text) (string, error) {
	alphabet, drawn := in.alphabet(), make([]byte, in.Length)
	for i := range drawn {
		position, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", fmt.Errorf("draw a random number: %w", err)
		}
		drawn[i] = alphabet[position.Int64()]
	}
	return string(drawn), nil
}
