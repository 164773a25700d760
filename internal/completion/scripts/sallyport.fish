# Completion of sallyport for fish. Load it in ~/.config/fish/config.fish with
#
#     sallyport completion fish | source
#
# or write it to the file sallyport.fish in ~/.config/fish/completions.

function __sallyport_complete
    set -l words (commandline -opc)
    # What is typed, without quotes and backslashes; a quote may still be open.
    set -l typed (commandline -ct)
    set -l partial "$typed"
    for open in '' \' \"
        set partial (string unescape -- "$typed$open"); and break
    end
    set -l program (string replace -r '^~' -- "$HOME" "$words[1]")
    type -q -- $program; or set program sallyport
    set -e words[1]
    for answer in ($program __complete $words "$partial" 2>/dev/null </dev/null)
        set -l parts (string split -m 2 -- \t $answer)
        if test -n "$parts[1]"
            printf '%s\n' $answer
        else if test "$parts[2]" = files
            set -l lead "$parts[3]"
            set -l path (string sub -s (math (string length -- "$lead") + 1) -- "$partial")
            for file in (__fish_complete_path "$path")
                printf '%s%s\n' "$lead" $file
            end
        end
    end
end

complete -c sallyport -f -k -a '(__sallyport_complete)'
