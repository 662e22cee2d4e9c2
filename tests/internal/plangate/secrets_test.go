package plangate

import (
	"slices"
	"testing"
)

func TestASecretThatTheStackDrawsComesOutSecret(t *testing.T) {
	password := update(t, "random:index/randomPassword:RandomPassword", `{"length": 32}`, `{"length": 32}`)
	password.Operation = "same"
	for _, each := range []struct {
		what string
		step Step
		want []string
	}{
		{"a secret value", comingFrom(creation(t, parameter, `{"type": "SecureString", "value": "[secret]"}`), "value", password), nil},
		{"a value in plain", comingFrom(creation(t, parameter, `{"type": "SecureString", "value": "x"}`), "value", password), []string{"gets weaker value: a secret → in plain"}},
		{"a value that is not known", comingFrom(creation(t, parameter, `{"type": "SecureString", "value": "`+unknown+`"}`), "value", password), []string{"gets weaker value: a secret → in plain"}},
		{"a value that the plan leaves out", comingFrom(creation(t, dashboard, `{}`), "dashboardBody", password), []string{"gets weaker dashboardBody: a secret → in plain"}},
		{"a change in place", comingFrom(update(t, dashboard, `{"dashboardBody": "a"}`, `{"dashboardBody": "b"}`), "dashboardBody", password), []string{"gets weaker dashboardBody: a secret → in plain"}},
		{"a parameter that is not encrypted", comingFrom(creation(t, parameter, `{"type": "String", "value": "[secret]"}`), "value", password), []string{"gets weaker type: SecureString → String"}},
		{"a value in plain of another parameter", creation(t, parameter, `{"type": "String", "value": "[secret]"}`), nil},
	} {
		if got := dangers(t, each.step, password); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
	// Also where the whole stack is new.
	first := Plan{Steps: []Step{comingFrom(creation(t, dashboard, `{}`), "dashboardBody", password)}, ChangeSummary: map[string]int{"create": 1}}
	if got := dangersOf(first); len(got) != 1 {
		t.Errorf("in the first plan: %q", got)
	}
}
