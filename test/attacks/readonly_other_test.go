//go:build !linux

package attacks

func writesRefusedBySystem(w *world) []refusal {
	w.t.Fatal("this entry needs Linux, where a process can be kept from writing while it runs")
	return nil
}
