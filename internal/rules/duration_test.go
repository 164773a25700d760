package rules

import (
	"sallyport/internal/api"
	"testing"
)

func TestTheSecondsOfADuration(t *testing.T) {
	cases := []struct {
		text    string
		seconds int64 // 0 when refused
	}{
		{"PT1H", 3_600}, {"PT12H", 43_200}, {"PT60M", 3_600}, {"PT1H30M", 5_400}, {"PT3600S", 3_600}, {"PT3600.0S", 3_600}, {"P0DT8H", 28_800},
		{"P0Y0M0DT1H0M0S", 3_600}, {"PT1H59M60S", 7_200},
		{"", 0}, {"P", 0}, {"PT", 0}, {"P0D", 0}, {"P1D", 0}, {"P1W", 0}, {"P1Y", 0}, {"P1M", 0}, {"PT0H", 0}, {"PT59M59S", 0}, {"PT13H", 0}, {"PT720M1S", 0},
		{"PT3600.5S", 0}, {"PT1.5H", 0}, {"1H", 0}, {"pt1h", 0}, {" PT1H", 0}, {"PT1H ", 0}, {"PT1H\n", 0}, {"-PT1H", 0}, {"PT-1H", 0}, {"PT99999999999999999999H", 0},
		{"PT999999999H", 0}, {"PT1H1H", 0}, {"PT1M1H", 0}, {"PT١H", 0}, {"P1DT", 0}, {"PT1HP", 0},
	}
	for _, c := range cases {
		if got, ok := SessionSeconds(c.text); ok != (c.seconds != 0) || ok && got != c.seconds {
			t.Errorf("%q: %d seconds, %v, want %d", c.text, got, ok, c.seconds)
		}
	}
}

func TestADurationIsWrittenInHoursMinutesAndSeconds(t *testing.T) {
	for seconds, want := range map[int64]string{3600: "PT1H", 5400: "PT1H30M", 43200: "PT12H", 3601: "PT1H1S"} {
		if got := SessionText(seconds); got != want {
			t.Errorf("%d is %s, want %s", seconds, got, want)
		}
	}
}

func FuzzSessionSeconds(f *testing.F) {
	for _, text := range []string{"PT1H", "P0DT8H", "PT1H30M", "PT3600.0S", "-PT1H", "P1W", "PT99999999999999999999H"} {
		f.Add(text)
	}
	pattern := api.CreatePermissionSet.Input().Member("SessionDuration").Bounds.Pattern()
	f.Fuzz(func(t *testing.T, text string) {
		seconds, ok := SessionSeconds(text)
		if !ok {
			return
		}
		if seconds < MinSession || seconds > MaxSession {
			t.Errorf("%q lasts %d seconds", text, seconds)
		}
		if again, ok := SessionSeconds(SessionText(seconds)); !ok || again != seconds {
			t.Errorf("%q is %d, written %s, read %d", text, seconds, SessionText(seconds), again)
		}
		if !pattern.MatchString(text) {
			t.Errorf("%q is taken, which the model's pattern refuses", text)
		}
	})
}
