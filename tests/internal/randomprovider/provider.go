// Package randomprovider stands in for the random plugin of Pulumi: it serves RandomString and RandomPassword, drawn from
// the operating system's source of randomness.
package randomprovider

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/blang/semver"

	"mediaserver/tests/internal/provider"
)

// Version is the version of the official plugin that this package follows.
const Version = "4.19.1"

// client is what resources work with: nothing but themselves.
type client struct{}

// Serve serves the package on a free port of 127.0.0.1 until the server is closed.
func Serve() (*provider.Server, error) { return served.Serve() }

var served = &provider.Package[client]{
	Name:    "random",
	Version: semver.MustParse(Version),
	// The official plugin has no settings either.
	Connect: func(func(any) error) (client, map[string]string, error) { return client{}, nil, nil },
	Resources: []provider.Resource[client]{
		// A string is its own id, as with the official plugin.
		&provider.Kind[client, text]{
			Token:  "random:index/randomString:RandomString",
			Create: func(_ context.Context, _ client, in *text) (string, error) { return draw(in) },
			Read: func(_ context.Context, _ client, id string, in *text) error {
				in.Result = id
				return nil
			},
		},
		// A password exists in the state only: Read draws it when there is none.
		&provider.Kind[client, password]{
			Token:  "random:index/randomPassword:RandomPassword",
			Create: func(context.Context, client, *password) (string, error) { return drawnLater, nil },
			Read: func(_ context.Context, _ client, _ string, in *password) (err error) {
				if in.Result == "" {
					in.Result, err = draw(&in.text)
				}
				return err
			},
		},
	},
}

// drawnLater is the id of a password, which must not show its value.
const drawnLater = "none"

// text is a drawn text: which characters to draw, and what came of it. The program states no least numbers of characters:
// only what was drawn elsewhere and adopted has them, as well as the other properties that the official plugin computes.
type text struct {
	Length          int32             `json:"length" pulumi:"replace"`
	Lower           *bool             `json:"lower" pulumi:"replace,output,input"`
	Upper           *bool             `json:"upper" pulumi:"replace,output,input"`
	Numeric         *bool             `json:"numeric" pulumi:"replace,output,input"`
	Special         *bool             `json:"special" pulumi:"replace,output,input"`
	OverrideSpecial *string           `json:"overrideSpecial" pulumi:"replace"`
	MinLower        *int32            `json:"minLower" pulumi:"replace,output,input"`
	MinUpper        *int32            `json:"minUpper" pulumi:"replace,output,input"`
	MinNumeric      *int32            `json:"minNumeric" pulumi:"replace,output,input"`
	MinSpecial      *int32            `json:"minSpecial" pulumi:"replace,output,input"`
	Keepers         map[string]string `json:"keepers" pulumi:"replace"`
	Number          *bool             `json:"number" pulumi:"output"`
	Result          string            `json:"result" pulumi:"output"`
}

type password struct {
	text
	Result     string  `json:"result" pulumi:"output,secret"`
	BcryptHash *string `json:"bcryptHash" pulumi:"output,secret"`
}

const (
	lowerCharacters   = "abcdefghijklmnopqrstuvwxyz"
	upperCharacters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numericCharacters = "0123456789"
	specialCharacters = "!@#$%&*()-_=+[]{}<>:?"
)

// alphabet is all characters that may occur: those of each class that is not excluded.
func (t *text) alphabet() string {
	special := specialCharacters
	if t.OverrideSpecial != nil {
		special = *t.OverrideSpecial
	}
	alphabet := ""
	for _, class := range []struct {
		drawn      *bool
		characters string
	}{
		{t.Lower, lowerCharacters},
		{t.Upper, upperCharacters},
		{t.Numeric, numericCharacters},
		{t.Special, special},
	} {
		if class.drawn == nil || *class.drawn {
			alphabet += class.characters
		}
	}
	return alphabet
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
