package randomprovider

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// create creates a random value of a kind, and returns its id and its state.
func create(t *testing.T, kind string, inputs map[string]any) (string, resource.PropertyMap) {
	t.Helper()
	urn := resource.URN("urn:pulumi:dev::mediaserver::random:index/random" + kind + ":Random" + kind + "::it")
	created, err := served.Provider().Create(t.Context(), plugin.CreateRequest{URN: urn, Properties: resource.NewPropertyMapFromMap(inputs)})
	if err != nil {
		t.Fatal(err)
	}
	return string(created.ID), created.Properties
}

func TestAStringHasTheLengthAndOnlyTheCharactersAskedFor(t *testing.T) {
	for _, test := range []struct {
		inputs  map[string]any
		allowed string
	}{
		{map[string]any{"length": 8, "special": false, "upper": false}, lowerCharacters + numericCharacters},
		{map[string]any{"length": 200}, lowerCharacters + upperCharacters + numericCharacters + specialCharacters},
		{map[string]any{"length": 50, "lower": false, "upper": false, "numeric": false}, specialCharacters},
		{map[string]any{"length": 50, "lower": false, "upper": false, "numeric": false, "overrideSpecial": "~"}, "~"},
	} {
		id, state := create(t, "String", test.inputs)
		result := state["result"].StringValue()
		if len(result) != test.inputs["length"] || strings.Trim(result, test.allowed) != "" || id != result {
			t.Errorf("%v gives %q with the id %q", test.inputs, result, id)
		}
	}
	first, _ := create(t, "String", map[string]any{"length": 32})
	if second, _ := create(t, "String", map[string]any{"length": 32}); first == second {
		t.Error("two strings are the same")
	}
}

func TestAPasswordIsSecretAndNotInItsID(t *testing.T) {
	id, state := create(t, "Password", map[string]any{"length": 32})
	if !state["result"].IsSecret() {
		t.Fatal("the password is in plain text")
	}
	if result := state["result"].SecretValue().Element.StringValue(); len(result) != 32 || strings.Contains(id, result) {
		t.Errorf("the password has %d characters and the id %q", len(result), id)
	}
}
