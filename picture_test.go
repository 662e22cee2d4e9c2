package main

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// pictures are the files with the pictures of the dashboard in README.md, and the colours of each: of what one reads
// first, the rest, an alarm in the state OK, the page, a panel, its border, the grid, and the lines of a chart.
var pictures = map[string][]any{
	"docs/dashboard-light.svg": {"#16191f", "#545b64", "#1d7a34", "#f3f4f6", "#ffffff", "#d5dae1", "#e6e9ed", "#1f6fb4", "#cf5a0a", "#2b8a3e"},
	"docs/dashboard-dark.svg":  {"#e9ebed", "#a3adb9", "#5cc47a", "#0f141b", "#1a212b", "#343e4b", "#2a333f", "#5ba7ee", "#f7925a", "#63c57c"},
}

const styleSheet = `text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:%[2]s}
.label{fill:%[1]s}
.name{font-size:18px;font-weight:600;fill:%[1]s}
.title{font-size:13px;font-weight:600;fill:%[1]s}
.good{font-weight:600;fill:%[3]s;text-anchor:end}
.middle{text-anchor:middle}
.end{text-anchor:end}
.page{fill:%[4]s}
.panel{fill:%[5]s;stroke:%[6]s}
.state{fill:none;stroke:%[6]s}
.grid{stroke:%[7]s}
.check{fill:none;stroke:%[3]s;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.area{fill-opacity:.25}
.stroke0{stroke:%[8]s}
.fill0{fill:%[8]s}
.stroke1{stroke:%[9]s}
.fill1{fill:%[9]s}
.stroke2{stroke:%[10]s}
.fill2{fill:%[10]s}
`

// shown is a widget of the dashboard, as far as the pictures show it.
type shown struct {
	X, Y, Width, Height int
	Properties          struct {
		Title, Start string
		Alarms       []string
		Period       int
		Stacked      bool
		Metrics      []list
		YAxis        struct{ Left struct{ Max float64 } }
	}
}

func TestThePicturesOfTheDashboardAreUpToDate(t *testing.T) {
	// With an address to notify, the dashboard also shows the alarms.
	dashboard := run(t, object{"alarmEmails": list{"oncall@example.com"}}).find(t, "Dashboard mediaserver").inputs
	text, err := json.Marshal(dashboard["dashboardBody"])
	var body struct{ Widgets []shown }
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		t.Fatal(err)
	}
	for file, colours := range pictures {
		if !strings.Contains(read(t, "README.md"), `="`+file+`"`) {
			t.Errorf("README.md does not show %s", file)
		}
		drawn := draw(t, dashboard["dashboardName"].(string), colours, body.Widgets)
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

// Lengths, in pixels of a picture in its full size.
const (
	columnWidth = 42
	rowHeight   = 34
	// edge is between the widgets and the edge of the picture, gap between two widgets.
	edge         = 12
	gap          = 8
	headerHeight = 48
	// padding is between the border of a widget and its contents.
	padding = 12
	// letterWidth is that of an average letter of a small text, in the widest of the usual fonts.
	letterWidth = 6.6
)

// picture is an SVG that is being drawn.
type picture struct{ strings.Builder }

// box is the area of a widget, or of the lines in a chart.
type box struct{ left, top, right, bottom float64 }

// draw is a dashboard as an SVG.
func draw(t *testing.T, name string, colours []any, widgets []shown) string {
	t.Helper()
	rows := 0
	for _, each := range widgets {
		rows = max(rows, each.Y+each.Height)
	}
	width, height := dashboardColumns*columnWidth+2*edge-gap, headerHeight+rows*rowHeight+edge-gap
	var p picture
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img">`, width, height)
	p.add("<title>The dashboard %s, with example data</title>", html.EscapeString(name))
	p.add("<style>\n%s</style>", fmt.Sprintf(styleSheet, colours...))
	p.add(`<rect class="page" width="%d" height="%d" rx="8"/>`, width, height)
	p.text("name", edge+4, 31, name)
	p.text("end", float64(width-edge-4), 31, "Example data")
	for _, each := range widgets {
		left, top := float64(edge+each.X*columnWidth), float64(headerHeight+each.Y*rowHeight)
		area := box{left, top, left + float64(each.Width*columnWidth-gap), top + float64(each.Height*rowHeight-gap)}
		p.add(`<rect class="panel" x="%g" y="%g" width="%g" height="%g" rx="6"/>`,
			area.left, area.top, area.right-area.left, area.bottom-area.top)
		p.text("title", area.left+padding, area.top+23, each.Properties.Title)
		if len(each.Properties.Alarms) > 0 {
			p.alarms(area, each.Properties.Alarms)
		} else {
			p.chart(t, area, each)
		}
	}
	p.add("</svg>")
	return p.String()
}

func (p *picture) add(format string, values ...any) { fmt.Fprintf(p, format+"\n", values...) }

func (p *picture) text(class string, x, y float64, text string) {
	p.add(`<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, html.EscapeString(text))
}

// alarms shows each alarm as CloudWatch does while nothing is wrong, in two rows.
func (p *picture) alarms(area box, arns []string) {
	columns := (len(arns) + 1) / 2
	width := (area.right - area.left - 2*padding + gap) / float64(columns)
	for i, arn := range arns {
		x, y := area.left+padding+float64(i%columns)*width, area.top+34+float64(i/columns)*28
		p.add(`<rect class="state" x="%.1f" y="%.1f" width="%.1f" height="22" rx="4"/>`, x, y, width-gap)
		p.add(`<path class="check" d="M%.1f %.1fl3 3.5 6-7"/>`, x+10, y+11)
		p.text("label", x+28, y+15.5, arn[strings.LastIndex(arn, "/")+1:])
		p.text("good", x+width-gap-10, y+15.5, "OK")
	}
}

// chart shows the examples of the metrics over the time that the chart covers: three hours, on which a dashboard opens,
// or the days of its own start.
func (p *picture) chart(t *testing.T, area box, chart shown) {
	t.Helper()
	plot := box{area.left + 52, area.top + 42, area.right - 28, area.bottom - 56}
	span, interval, format := 3*time.Hour, time.Hour, "15:04"
	if start := chart.Properties.Start; start != "" {
		var days int
		if _, err := fmt.Sscanf(start, "-P%dD", &days); err != nil {
			t.Fatalf("the start %q is not -P and days: %v", start, err)
		}
		span, interval, format = time.Duration(days)*24*time.Hour, 48*time.Hour, "2 Jan"
	}
	lines, labels := chart.lines(t, int(span.Seconds())/chart.Properties.Period)
	step, end := scale(lines, chart.Properties.YAxis.Left.Max)
	for value := 0.0; value <= end; value += step {
		y := plot.bottom - (plot.bottom-plot.top)*value/end
		p.add(`<path class="grid" d="M%.1f %.1fH%.1f"/>`, plot.left, y, plot.right)
		p.text("end", plot.left-8, y+4, shortened(value))
	}
	for before := span; before >= 0; before -= interval {
		x := plot.right - (plot.right-plot.left)*float64(before)/float64(span)
		p.text("middle", x, plot.bottom+18, exampleEnd.Add(-before).Format(format))
	}
	lower := []string{plot.point(0, 0), plot.point(1, 0)}
	for i, values := range lines {
		var points []string
		for j, value := range values {
			points = append(points, plot.point(float64(j)/float64(len(values)-1), value/end))
		}
		if chart.Properties.Stacked {
			slices.Reverse(lower)
			p.add(`<path class="area fill%d" d="M%sL%sZ"/>`, i, strings.Join(points, "L"), strings.Join(lower, "L"))
			lower = slices.Clone(points)
		}
		p.add(`<path class="line stroke%d" d="M%s"/>`, i, strings.Join(points, "L"))
	}
	x, y := plot.left, area.bottom-padding
	for i, label := range labels {
		p.add(`<rect class="fill%d" x="%.1f" y="%.1f" width="10" height="10" rx="2"/>`, i, x, y-9)
		p.text("label", x+16, y, label)
		x += 16 + letterWidth*float64(len(label)) + 20
	}
}

// point is where a value stands in a plot, both coordinates from 0 to 1.
func (b box) point(x, y float64) string {
	return fmt.Sprintf("%.1f %.1f", b.left+(b.right-b.left)*x, b.bottom-(b.bottom-b.top)*y)
}

// lines are the values and the labels of a chart's metrics. In a stacked chart, each begins where the one before it ends.
func (s shown) lines(t *testing.T, periods int) (lines [][]float64, labels []string) {
	t.Helper()
	for i, metric := range s.Properties.Metrics {
		label := metric[len(metric)-1].(object)["label"].(string)
		example, found := examples[fmt.Sprintf("%s %s", metric[1], label)]
		if !found {
			t.Fatalf("%s: there is no example of the metric %s with the label %q", s.Properties.Title, metric[1], label)
		}
		values := make([]float64, periods+1)
		for j := range values {
			values[j] = example(float64(j) / float64(periods))
			if s.Properties.Stacked && i > 0 {
				values[j] += lines[i-1][j]
			}
		}
		lines, labels = append(lines, values), append(labels, label)
	}
	return lines, labels
}

// scale is the distance between two marks on the vertical axis, and its end: the one that is given, or, if that is 0,
// one that leaves some room above the lines.
func scale(lines [][]float64, end float64) (step, top float64) {
	if end == 0 {
		for _, values := range lines {
			end = max(end, 1.05*slices.Max(values))
		}
	}
	// About four marks, at round values.
	magnitude := math.Pow(10, math.Floor(math.Log10(end/4)))
	for _, factor := range []float64{1, 2, 2.5, 5, 10} {
		if step = factor * magnitude; step >= end/4 {
			break
		}
	}
	return step, step * math.Ceil(end/step)
}

// shortened is a number as CloudWatch writes it on an axis.
func shortened(value float64) string {
	units := []string{"", "K", "M", "G", "T"}
	for len(units) > 1 && value >= 1000 {
		value, units = value/1000, units[1:]
	}
	return fmt.Sprintf("%.3g%s", value, units[0])
}

// exampleEnd is when the charts of the pictures end.
var exampleEnd = time.Date(2026, time.June, 15, 15, 0, 0, 0, time.UTC)

// examples are made-up values of the metrics, by the metric's name and its label in the chart. Each is a function of the
// time from 0, where the chart begins, to 1, where it ends.
//
// They tell one story: more users come, the CPU passes scaleUpCpu, and a third task takes its share.
var examples = map[string]func(at float64) float64{
	"RequestCount Requests":                 func(at float64) float64 { return 12000 * busy(at) },
	"HTTPCode_Target_5XX_Count Application": func(at float64) float64 { return math.Round(7 * peak(at, 0.45, 0.06)) },
	"HTTPCode_ELB_5XX_Count Load balancer":  func(at float64) float64 { return math.Round(2 * peak(at, 0.47, 0.04)) },
	"TargetResponseTime p50":                func(at float64) float64 { return 0.08 + 0.12*busy(at) },
	"TargetResponseTime p99":                func(at float64) float64 { return 0.42 + 0.9*peak(at, 0.46, 0.09) + 0.04*ripple(at) },
	"CPUUtilization CPU":                    func(at float64) float64 { return 190 * busy(at) / step(at, thirdTaskRuns, 2, 3) },
	"MemoryUtilization Memory": func(at float64) float64 {
		return 47 + 5*busy(at) + 0.5*ripple(at) - step(at, thirdTaskRuns, 0, 4)
	},
	"RunningTaskCount Running": func(at float64) float64 { return step(at, thirdTaskRuns, 2, 3) },
	"DesiredTaskCount Desired": func(at float64) float64 { return step(at, thirdTaskIsDesired, 2, 3) },
	"HealthyHostCount Healthy": func(at float64) float64 { return step(at, thirdTaskIsHealthy, 2, 3) },
	"UnHealthyHostCount Unhealthy": func(at float64) float64 {
		return step(at, thirdTaskRuns, 0, 1) - step(at, thirdTaskIsHealthy, 0, 1)
	},
	"BucketSizeBytes Standard":    func(at float64) float64 { return 1e9 * (380 + 170*at + 9*ripple(at)) },
	"BucketSizeBytes Standard-IA": func(at float64) float64 { return 1e9 * (230 + 110*at) },
	"BucketSizeBytes Glacier":     func(at float64) float64 { return 1e9 * (120 + 220*at) },
	"NumberOfObjects Objects":     func(at float64) float64 { return 31000 + 17500*at + 900*ripple(at) },
}

const (
	thirdTaskIsDesired = 0.46
	thirdTaskRuns      = 0.49
	thirdTaskIsHealthy = 0.52
)

// busy is how busy the application is, as a share of what two tasks can do.
func busy(at float64) float64 { return 0.42 + 0.4*peak(at, 0.5, 0.17) + 0.03*ripple(at) }

// peak is a bell around a time.
func peak(at, middle, width float64) float64 { return math.Exp(-math.Pow((at-middle)/width, 2)) }

// ripple is an irregular movement between -1 and 1.
func ripple(at float64) float64 { return (math.Sin(47*at) + math.Sin(101*at+1)) / 2 }

// step is one value before a time, and another one from then on.
func step(at, when, earlier, later float64) float64 {
	if at < when {
		return earlier
	}
	return later
}
