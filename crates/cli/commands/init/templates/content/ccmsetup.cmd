@echo off
rem Holds the place of ccmsetup.exe.
exit /b 0
