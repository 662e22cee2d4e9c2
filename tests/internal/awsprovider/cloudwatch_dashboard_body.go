package awsprovider

import (
	"encoding/json"
	"fmt"

	"mediaserver/tests/internal/provider"
)

const (
	// dashboardColumns is the width of a dashboard's grid, and tallestWidget
	// the height of the tallest widget.
	dashboardColumns = 24
	tallestWidget    = 1000
	mostWidgets      = 500
	// mostAlarms is how many alarms a widget shows.
	mostAlarms = 100
)

// checkDashboard follows the Amazon CloudWatch API reference, "Dashboard body
// structure and syntax".
func checkDashboard(problems *provider.Problems, body string) {
	const path = "dashboardBody"
	var parsed struct {
		Widgets []struct {
			Type       string
			X, Y       *int
			Width      *int
			Height     *int
			Properties struct {
				Region   string
				Metrics  []json.RawMessage
				Markdown string
				Alarms   []string
				Period   *int
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		problems.Refuse(path, body, "must be a dashboard as JSON: "+err.Error())
		return
	}
	if len(parsed.Widgets) == 0 || len(parsed.Widgets) > mostWidgets {
		problems.Refuse(path, body, "must have 1 to 500 widgets")
	}
	for i, widget := range parsed.Widgets {
		refuse := func(rule string) {
			problems.Refuse(path, body, fmt.Sprintf("widgets[%d] %s", i, rule))
		}
		switch {
		case widget.X == nil || widget.Y == nil || widget.Width == nil || widget.Height == nil:
			refuse("must have x, y, width and height")
			continue
		case *widget.X < 0 || *widget.Y < 0 || *widget.Width < 1 || *widget.X+*widget.Width > dashboardColumns:
			refuse("must lie within the 24 columns of the grid")
		case *widget.Height < 1 || *widget.Height > tallestWidget:
			refuse("must be 1 to 1000 high")
		}
		switch widget.Type {
		case "metric":
			if widget.Properties.Region == "" {
				refuse("must have properties.region")
			}
			if len(widget.Properties.Metrics) == 0 {
				refuse("must have properties.metrics")
			}
			if period := widget.Properties.Period; period != nil && *period%60 != 0 {
				refuse("must have a properties.period that is a multiple of 60 seconds")
			}
		case "text":
			if widget.Properties.Markdown == "" {
				refuse("must have properties.markdown")
			}
		case "alarm":
			if count := len(widget.Properties.Alarms); count == 0 || count > mostAlarms {
				refuse("must have 1 to 100 properties.alarms")
			}
		case "log", "explorer", "custom":
		default:
			refuse(fmt.Sprintf("must have a known type, not %q", widget.Type))
		}
	}
}
