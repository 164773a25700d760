package login

import (
	"strings"

	"rsc.io/qr"
)

// quiet is the margin around a QR code, in modules. The standard asks for four; readers of today do with two, and lines are dear.
const quiet = 2

// The colours of the code are set, so that it is dark on light in terminals of either kind.
const (
	qrColors = "\x1b[30;107m"
	qrReset  = "\x1b[0m"
)

// drawQR draws a text as a QR code of half blocks, two modules in one character, or nothing if it does not fit.
func drawQR(text string, columns, rows int) []string {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil
	}
	side := code.Size + 2*quiet
	if side > columns || (side+1)/2 > rows {
		return nil
	}
	dark := func(x, y int) bool { return code.Black(x-quiet, y-quiet) } // outside it is light
	var lines []string
	for y := 0; y < side; y += 2 {
		var line strings.Builder
		for x := range side {
			line.WriteString(halfBlock(dark(x, y), dark(x, y+1)))
		}
		lines = append(lines, qrColors+line.String()+qrReset)
	}
	return lines
}

func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
