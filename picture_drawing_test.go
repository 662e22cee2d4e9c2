package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// theme is the colours of a picture, each as #rrggbb.
type theme struct {
	page, panel, border, grid string
	// text is for what one reads first, muted for the rest, good for an alarm in the state OK.
	text, muted, good string
	// lines are those of a chart's metrics, in their order.
	lines [3]string
}

var (
	light = theme{
		page: "#f3f4f6", panel: "#ffffff", border: "#d5dae1", grid: "#e6e9ed", text: "#16191f", muted: "#545b64", good: "#1d7a34",
		lines: [3]string{"#1f6fb4", "#cf5a0a", "#2b8a3e"},
	}
	dark = theme{
		page: "#0f141b", panel: "#1a212b", border: "#343e4b", grid: "#2a333f", text: "#e9ebed", muted: "#a3adb9", good: "#5cc47a",
		lines: [3]string{"#5ba7ee", "#f7925a", "#63c57c"},
	}
)

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
type picture struct {
	t *testing.T
	strings.Builder
}

// box is the area of a widget, or of the lines in a chart.
type box struct{ left, top, right, bottom float64 }

// draw is a dashboard as an SVG.
func draw(t *testing.T, theme theme, name string, widgets []widget) string {
	t.Helper()
	rows := 0
	for _, each := range widgets {
		rows = max(rows, each.Y+each.Height)
	}
	width, height := dashboardColumns*columnWidth+2*edge-gap, headerHeight+rows*rowHeight+edge-gap
	p := &picture{t: t}
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img">`,
		width, height)
	p.add("<title>The dashboard %s, with example data</title>", html.EscapeString(name))
	p.add("<style>\n%s</style>", theme.style())
	p.add(`<rect class="page" width="%d" height="%d" rx="8"/>`, width, height)
	p.text("name", edge+4, 31, name)
	p.text("end", float64(width-edge-4), 31, "Example data")
	for _, each := range widgets {
		left, top := float64(edge+each.X*columnWidth), float64(headerHeight+each.Y*rowHeight)
		area := box{left, top, left + float64(each.Width*columnWidth-gap), top + float64(each.Height*rowHeight-gap)}
		p.add(`<rect class="panel" x="%g" y="%g" width="%g" height="%g" rx="6"/>`,
			area.left, area.top, area.right-area.left, area.bottom-area.top)
		switch properties := each.Properties.(type) {
		case *alarmProperties:
			p.alarms(area, properties)
		case *widgetProperties:
			p.chart(area, properties)
		}
	}
	p.add("</svg>")
	return p.String()
}

func (t theme) style() string {
	style := fmt.Sprintf(`text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:%[1]s}
.label{fill:%[2]s}
.name{font-size:18px;font-weight:600;fill:%[2]s}
.title{font-size:13px;font-weight:600;fill:%[2]s}
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
`, t.muted, t.text, t.good, t.page, t.panel, t.border, t.grid)
	for i, colour := range t.lines {
		style += fmt.Sprintf(".stroke%d{stroke:%s}\n.fill%d{fill:%s}\n", i, colour, i, colour)
	}
	return style
}

func (p *picture) add(format string, values ...any) { fmt.Fprintf(p, format+"\n", values...) }

func (p *picture) text(class string, x, y float64, text string) {
	p.add(`<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, html.EscapeString(text))
}

// alarms shows each alarm as CloudWatch does while nothing is wrong, in two rows.
func (p *picture) alarms(area box, properties *alarmProperties) {
	p.text("title", area.left+padding, area.top+23, properties.Title)
	columns := (len(properties.Alarms) + 1) / 2
	width := (area.right - area.left - 2*padding + gap) / float64(columns)
	for i, arn := range properties.Alarms {
		_, name, _ := strings.Cut(arn.(string), ":alarm:")
		x, y := area.left+padding+float64(i%columns)*width, area.top+34+float64(i/columns)*28
		p.add(`<rect class="state" x="%.1f" y="%.1f" width="%.1f" height="22" rx="4"/>`, x, y, width-gap)
		p.add(`<path class="check" d="M%.1f %.1fl3 3.5 6-7"/>`, x+10, y+11)
		p.text("label", x+28, y+15.5, name)
		p.text("good", x+width-gap-10, y+15.5, "OK")
	}
}

// chart shows the examples of the metrics over the time that the chart covers.
func (p *picture) chart(area box, properties *widgetProperties) {
	p.t.Helper()
	if properties.View != "timeSeries" || len(properties.Metrics) > len(light.lines) {
		p.t.Fatalf("%s: the pictures show only charts of the view timeSeries with at most %d metrics",
			properties.Title, len(light.lines))
	}
	p.text("title", area.left+padding, area.top+23, properties.Title)
	plot := box{area.left + 52, area.top + 42, area.right - 28, area.bottom - 56}
	span := p.span(properties)
	lines, labels := p.lines(properties, int(span.Seconds())/properties.Period)
	step, end := scale(lines, float64(properties.YAxis.Left.Max))
	for value := 0.0; value <= end; value += step {
		y := plot.bottom - (plot.bottom-plot.top)*value/end
		p.add(`<path class="grid" d="M%.1f %.1fH%.1f"/>`, plot.left, y, plot.right)
		p.text("end", plot.left-8, y+4, shortened(value))
	}
	p.times(plot, span)
	lower := []string{plot.point(0, 0), plot.point(1, 0)}
	for i, values := range lines {
		var points []string
		for j, value := range values {
			points = append(points, plot.point(float64(j)/float64(len(values)-1), value/end))
		}
		if properties.Stacked {
			slices.Reverse(lower)
			p.add(`<path class="area fill%d" d="M%sL%sZ"/>`, i, strings.Join(points, "L"), strings.Join(lower, "L"))
			lower = slices.Clone(points)
		}
		p.add(`<path class="line stroke%d" d="M%s"/>`, i, strings.Join(points, "L"))
	}
	p.legend(plot.left, area.bottom-padding, labels)
}

// point is where a value stands in a plot, both coordinates from 0 to 1.
func (b box) point(x, y float64) string {
	return fmt.Sprintf("%.1f %.1f", b.left+(b.right-b.left)*x, b.bottom-(b.bottom-b.top)*y)
}

func (p *picture) legend(x, y float64, labels []string) {
	for i, label := range labels {
		p.add(`<rect class="fill%d" x="%.1f" y="%.1f" width="10" height="10" rx="2"/>`, i, x, y-9)
		p.text("label", x+16, y, label)
		x += 16 + letterWidth*float64(len(label)) + 20
	}
}

// span is how much time a chart covers: three hours, on which a dashboard opens, or the days of its own start.
func (p *picture) span(properties *widgetProperties) time.Duration {
	p.t.Helper()
	if properties.Start == "" {
		return 3 * time.Hour
	}
	var days int
	if _, err := fmt.Sscanf(properties.Start, "-P%dD", &days); err != nil {
		p.t.Fatalf("%s: the start %q is not -P and days: %v", properties.Title, properties.Start, err)
	}
	return time.Duration(days) * 24 * time.Hour
}

// lines are the values and the labels of a chart's metrics. In a stacked chart, each begins where the one before it ends.
func (p *picture) lines(properties *widgetProperties, periods int) (lines [][]float64, labels []string) {
	p.t.Helper()
	for i, metric := range properties.Metrics {
		label := metric[len(metric)-1].(map[string]any)["label"].(string)
		example, found := examples[fmt.Sprintf("%s %s", metric[1], label)]
		if !found {
			p.t.Fatalf("%s: there is no example of the metric %s with the label %q", properties.Title, metric[1], label)
		}
		values := make([]float64, periods+1)
		for j := range values {
			values[j] = example(float64(j) / float64(periods))
			if properties.Stacked && i > 0 {
				values[j] += lines[i-1][j]
			}
		}
		lines, labels = append(lines, values), append(labels, label)
	}
	return lines, labels
}

// times are the marks on the horizontal axis: each hour, or every second day.
func (p *picture) times(plot box, span time.Duration) {
	interval, format := time.Hour, "15:04"
	if span >= 48*time.Hour {
		interval, format = 48*time.Hour, "2 Jan"
	}
	for before := span; before >= 0; before -= interval {
		x := plot.right - (plot.right-plot.left)*float64(before)/float64(span)
		p.text("middle", x, plot.bottom+18, exampleEnd.Add(-before).Format(format))
	}
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
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "K"}} {
		if value >= unit.size {
			return fmt.Sprintf("%.3g%s", value/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g", value)
}
