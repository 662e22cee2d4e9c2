package main

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// pictures are the pictures of the dashboard in README.md, by their files.
var pictures = map[string]theme{"docs/dashboard-light.svg": light, "docs/dashboard-dark.svg": dark}

func TestThePicturesOfTheDashboardAreUpToDate(t *testing.T) {
	// With an address to notify, the dashboard also shows the alarms.
	dashboard := run(t, toEmails).find(t, "Dashboard mediaserver")
	name, widgets := dashboard.inputs["dashboardName"].(string), widgetsOf(t, dashboard)
	for file, theme := range pictures {
		if !strings.Contains(read(t, "README.md"), `="`+file+`"`) {
			t.Errorf("README.md does not show %s", file)
		}
		drawn := draw(t, theme, name, widgets)
		if kept, err := os.ReadFile(file); err == nil && string(kept) == drawn {
			continue
		}
		if !*update {
			t.Errorf("%s does not show the dashboard as it is: run make docs", file)
		} else if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// widgetsOf are the widgets of a registered dashboard, each with its properties as the program's type.
func widgetsOf(t *testing.T, dashboard record) []widget {
	t.Helper()
	var body struct {
		Widgets []struct {
			widget
			Properties json.RawMessage `json:"properties"`
		} `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(dashboard.inputs["dashboardBody"].(string)), &body); err != nil {
		t.Fatal(err)
	}
	var widgets []widget
	for _, each := range body.Widgets {
		properties, known := map[string]any{"metric": new(widgetProperties), "alarm": new(alarmProperties)}[each.Type]
		if !known {
			t.Fatalf("the pictures of the dashboard cannot show a widget of type %q", each.Type)
		}
		if err := json.Unmarshal(each.Properties, properties); err != nil {
			t.Fatal(err)
		}
		each.widget.Properties = properties
		widgets = append(widgets, each.widget)
	}
	return widgets
}

// TestThePicturesAreReadable asks for the contrasts of the Web Content Accessibility Guidelines 2.2, level AA:
// success criteria 1.4.3 for text and 1.4.11 for graphics.
func TestThePicturesAreReadable(t *testing.T) {
	for file, theme := range pictures {
		contrasts := []struct {
			colour, on string
			least      float64
		}{
			{theme.text, theme.page, 4.5}, {theme.muted, theme.page, 4.5},
			{theme.text, theme.panel, 4.5}, {theme.muted, theme.panel, 4.5}, {theme.good, theme.panel, 4.5},
			{theme.lines[0], theme.panel, 3}, {theme.lines[1], theme.panel, 3}, {theme.lines[2], theme.panel, 3},
		}
		for _, each := range contrasts {
			lighter, darker := luminance(t, each.colour), luminance(t, each.on)
			if lighter < darker {
				lighter, darker = darker, lighter
			}
			if contrast := (lighter + 0.05) / (darker + 0.05); contrast < each.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want at least %.1f", file, each.colour, each.on, contrast, each.least)
			}
		}
	}
}

// luminance is the relative luminance of a colour #rrggbb.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	value, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 24)
	if err != nil || len(colour) != 7 {
		t.Fatalf("%q is not a colour #rrggbb", colour)
	}
	linear := func(channel uint64) float64 {
		share := float64(channel&0xff) / 255
		if share <= 0.04045 {
			return share / 12.92
		}
		return math.Pow((share+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(value>>16) + 0.7152*linear(value>>8) + 0.0722*linear(value)
}
